package proxy

// forwardRaw takes the bytes of the client's connection to a backend of the
// target and back, whatever they mean, those that have been read already first.
// r is nil where no route names the target. The connection is closed afterwards
// and x.client is nil.
func (x *exchange) forwardRaw(r *route, to *target) {
	x.raw = true
	x.response.Reset() // the one of an earlier request would count as this client's
	x.began = x.worker.loop.Now()
	x.worker.stats.requests++
	x.route, x.record.route = r, r
	x.target, x.pool = to, to.pool
	x.chooseKey(to.pool.hashOn)
	x.client.conn.Watch(x.task)
	to.budgets.Request(x.began)
	x.tryBackends()
	x.client.conn.Watch(nil)
	x.finishRecord()
	x.client.close()
	x.client = nil
}

// attemptRaw connects to the chosen backend and relays until both sides have
// ended. What a backend does once it is connected is not tried again: it may
// have spoken first, or acted on what it was sent.
func (x *exchange) attemptRaw() outcome {
	if err := x.connect(false); err != nil {
		return connectOutcome(err)
	}
	x.sentAt = x.worker.loop.Now()
	x.answered = true
	x.record.end = x.relay(int64(x.settings.config.SilenceLimit(x.pool.from)))
	return outcome{}
}
