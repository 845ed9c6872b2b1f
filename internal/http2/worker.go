package http2

import (
	"hash/maphash"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

// A Worker is what the HTTP/2 connections of one loop share: free buffers,
// scratch space and counters. It is used on that loop only.
type Worker struct {
	loop    *loop.Loop
	stats   Stats
	blocks  blocks
	text    headText    // what is being made of a header block
	fields  fieldWriter // the header block that is being made
	scratch []byte      // a head that is being gathered
	// The readers of what is written to streams.
	request  http1.Request
	response http1.Response
	trailer  []http1.Field
}

// NewWorker makes the worker of a loop. It may be called from anywhere.
func NewWorker(l *loop.Loop) *Worker {
	w := &Worker{loop: l}
	w.fields.seed = maphash.MakeSeed()
	return w
}

// Stats returns the counters, which go on counting. They are read on the loop.
func (w *Worker) Stats() *Stats { return &w.stats }

// Stats count what happened on the connections of one worker.
type Stats struct {
	ServerConns, ClientConns   uint64 // begun
	ServerStreams              uint64 // handed to the handler
	ClientStreams              uint64 // whose request was sent
	ResetsReceived, ResetsSent uint64
	GoAwaysReceived            uint64
	GoAwaysSent                uint64
	Refused                    uint64 // streams above the limit of concurrency
	Cancelled                  uint64 // streams that were reset before they reached the handler
	Malformed                  uint64 // messages
	HeadTooLarge               uint64 // answered with 431
	Timeouts                   uint64 // connections that ended because the peer was silent or took nothing
	// Abuse counts by [Abuse] the connections that ended because of it.
	Abuse [AbuseKinds]uint64
}

// keepScratch is how much room the scratch space keeps after an unusual message.
const keepScratch = 64 << 10

// trim gives up room that an unusual message has made.
func (w *Worker) trim() {
	for _, room := range [...]*[]byte{&w.scratch, &w.fields.block, &w.text.out, &w.text.cookies} {
		if cap(*room) > keepScratch {
			*room = nil
		}
	}
}

// Add counts in what another worker has counted.
func (s *Stats) Add(o *Stats) {
	s.ServerConns += o.ServerConns
	s.ClientConns += o.ClientConns
	s.ServerStreams += o.ServerStreams
	s.ClientStreams += o.ClientStreams
	s.ResetsReceived += o.ResetsReceived
	s.ResetsSent += o.ResetsSent
	s.GoAwaysReceived += o.GoAwaysReceived
	s.GoAwaysSent += o.GoAwaysSent
	s.Refused += o.Refused
	s.Cancelled += o.Cancelled
	s.Malformed += o.Malformed
	s.HeadTooLarge += o.HeadTooLarge
	s.Timeouts += o.Timeouts
	for kind := range s.Abuse {
		s.Abuse[kind] += o.Abuse[kind]
	}
}
