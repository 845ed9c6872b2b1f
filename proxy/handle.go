package proxy

import (
	"spillway/internal/http1"
	"spillway/internal/router"
)

// handle answers the request that has been read: from its route, or by itself.
func (x *exchange) handle() {
	if refusal := x.check(); refusal != nil {
		x.answerError(refusal)
		return
	}
	if x.client.stream {
		x.noteGRPC()
	}
	snapshot := x.worker.server.snapshot.Load()
	x.route = x.findRoute(snapshot)
	if x.route == nil {
		x.answerError(errNoRoute)
		return
	}
	x.record.route = x.route
	switch {
	case x.route.respond != nil:
		x.answerFixed(x.route.respond)
	case x.route.redirect != nil:
		x.answerRedirect(x.route.redirect)
	default:
		if !x.rewritePath() {
			x.answerError(errBadPath)
			return
		}
		if refusal := x.admit(); refusal != nil {
			x.answerError(refusal)
			return
		}
		defer x.leave()
		x.chooseKey(x.route.targets[0].pool.hashOn)
		x.target = x.chooseTarget()
		x.pool = x.target.pool
		x.deadline = deadlineAfter(x.began, shorter(x.target.requestTimeout, x.patience))
		x.forward()
	}
}

// shorter of two times, of which 0 is none.
func shorter(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// check refuses what can not be forwarded whatever the route.
func (x *exchange) check() *refusal {
	r := &x.request
	if r.Form == http1.AuthorityForm {
		return errConnect
	}
	if n, ok := x.forwardsLeft(); ok && n == 0 {
		if string(r.Method) == "TRACE" {
			return errTrace
		}
		return errLastHop
	}
	if r.Form == http1.AsteriskForm {
		x.path = r.Target
		return nil
	}
	path, err := router.NormalizePath(x.pathRoom[:0], r.Path)
	if err != nil {
		return errBadPath
	}
	if len(path) > 0 && len(r.Path) > 0 && &path[0] != &r.Path[0] {
		x.pathRoom = path // keep the room that was made
	}
	x.path = path
	return nil
}

// findRoute returns the first route that matches, or nil.
func (x *exchange) findRoute(s *snapshot) *route {
	r := &x.worker.lookup
	r.Listener = x.settings.name
	r.Scheme = x.client.scheme()
	r.Host = x.request.Host
	r.Path = x.routePath()
	r.Method = x.request.Method
	r.RawQuery = x.request.RawQuery
	r.ClientIP = x.clientIP()
	r.Fields = &x.request
	index, ok := s.table.Find(r)
	if !ok {
		return nil
	}
	return s.routes[index]
}

// routePath is the path as routes look at it; it is the worker's until the next one.
func (x *exchange) routePath() []byte {
	w := x.worker
	path := router.MergeSlashes(w.pathRoom, x.path)
	if len(path) < len(x.path) {
		w.pathRoom = path // keep the room that was made
	}
	return path
}

// chooseTarget follows a weighted split by the key, where there is one, or the dice.
func (x *exchange) chooseTarget() *target {
	if x.route.split == nil {
		return &x.route.targets[0]
	}
	dice := x.key
	if !x.keyed {
		dice = x.worker.rand.Uint64()
	}
	return &x.route.targets[x.route.split.Pick(dice)]
}

// rewritePath makes the path that the backend shall see where the route changes
// it; false when the result is no path.
func (x *exchange) rewritePath() bool {
	switch r := x.route; {
	case x.request.Form == http1.AsteriskForm:
	case r.stripPrefix != "":
		x.newPath = router.StripPrefix(r.stripPrefix, x.path)
	case r.rewrite != nil:
		out, ok := r.rewrite.Apply(x.newRoom[:0], x.path)
		if merged := x.routePath(); !ok && out != nil && len(merged) < len(x.path) {
			// The route took //old for /old, and so does its expression.
			out, ok = r.rewrite.Apply(x.newRoom[:0], merged)
		}
		if !ok {
			return out != nil // nothing matched: the client's bytes stay
		}
		x.newRoom, x.newPath = out, out
	}
	return true
}
