package proxy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"spillway/balancer"
	"spillway/internal/config"
	"spillway/internal/http1"
)

// A Question describes the request that [Server.Explain] is about.
type Question struct {
	Method   string   // empty: GET
	URL      string   // with scheme and host
	Headers  []string // "Name: value"
	ClientIP string   // empty: 127.0.0.1
	Listener string   // empty: the first that has the URL's scheme and, where it names one, port
}

// A QuestionError says what is wrong with a question.
type QuestionError struct{ text string }

// Error says what.
func (e *QuestionError) Error() string { return e.text }

func questionError(format string, args ...any) error {
	return &QuestionError{fmt.Sprintf(format, args...)}
}

// explainPatience is how long a question waits for its loop.
const explainPatience = time.Second

var (
	errLoopStalled = errors.New("the event loop stands still")
	errUnexplained = errors.New("the explanation failed; the log says why")
)

// Explain tells what would become of a request, by the code that decides over
// requests. It takes no slot and counts nothing. Its error is a [*QuestionError],
// or says that the loop asked did not answer.
func (s *Server) Explain(q Question) (*Explanation, error) {
	asked, err := q.read()
	if err != nil {
		return nil, err
	}
	ln := s.listenerFor(&q, asked)
	if ln == nil {
		return nil, questionError("no listener takes %s", q.URL)
	}
	w := s.workers[0]
	done := make(chan struct{})
	var found *Explanation
	err = errUnexplained // unless it comes to an end
	w.loop.Post(func() {
		defer close(done)
		found, err = w.explain(ln, asked)
	})
	patience := time.NewTimer(explainPatience)
	defer patience.Stop()
	select {
	case <-done:
		return found, err
	case <-patience.C:
		return nil, errLoopStalled
	case <-s.stopped:
		return nil, errLoopStalled
	}
}

// An askedRequest is a question as a connection would bring it.
type askedRequest struct {
	scheme, port string
	head         []byte
	client       netip.AddrPort
}

func (q *Question) read() (*askedRequest, error) {
	scheme, rest, ok := strings.Cut(q.URL, "://")
	if scheme = strings.ToLower(scheme); !ok || scheme != "http" && scheme != "https" {
		return nil, questionError("the URL %q does not begin with http:// or https://", q.URL)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, target := rest[:end], rest[end:]
	target, _, _ = strings.Cut(target, "#")
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	a := &askedRequest{scheme: scheme}
	if _, port, ok := config.Address(authority).HostPort(); ok {
		a.port = fmt.Sprint(port)
	}
	client := q.ClientIP
	if client == "" {
		client = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(client)
	if err != nil {
		return nil, questionError("%q is no IP address", q.ClientIP)
	}
	a.client = netip.AddrPortFrom(ip.Unmap(), 0)
	method, host := q.Method, "Host: "+authority+"\r\n"
	if method == "" {
		method = "GET"
	}
	var fields strings.Builder
	for _, each := range q.Headers {
		name, _, _ := strings.Cut(each, ":")
		if strings.ContainsAny(each, "\r\n") || !strings.Contains(each, ":") {
			return nil, questionError("%q is no header: want NAME: VALUE", each)
		}
		if strings.EqualFold(strings.TrimSpace(name), "Host") {
			host = ""
		}
		fields.WriteString(each + "\r\n")
	}
	if strings.ContainsAny(method+q.URL, " \r\n\t") {
		return nil, questionError("there is a blank or a line's end in the method or the URL")
	}
	a.head = []byte(method + " " + target + " HTTP/1.1\r\n" + host + fields.String() + "\r\n")
	return a, nil
}

// listenerFor finds the listener that would take the request; nil: there is none.
func (s *Server) listenerFor(q *Question, a *askedRequest) (best *listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fits := 0
	for _, address := range sortedKeys(s.listeners) {
		ln := s.listeners[address]
		settings := ln.settings.Load()
		if settings.protocol == config.ListenerTCP || settings.protocol == config.ListenerTLS && settings.tls == nil ||
			q.Listener != "" && settings.name != q.Listener {
			continue
		}
		fit := 1 // better than nothing: the scheme may be that of whatever stands before it
		if (settings.tls != nil) == (a.scheme == "https") {
			fit++
		}
		if a.port != "" && fmt.Sprint(portOf(ln)) == a.port {
			fit += 2
		}
		if fit > fits {
			fits, best = fit, ln
		}
	}
	return best
}

// explain runs on the loop. The exchange that it makes is never forwarded.
func (w *worker) explain(ln *listener, a *askedRequest) (*Explanation, error) {
	dice := *w.rand
	defer func() { *w.rand = dice }() // whoever asks takes no turn
	x := newExchange(w)
	x.client = &client{worker: w, listener: ln, origin: &origin{peer: a.client}, opened: true}
	x.settings = ln.settings.Load()
	x.client.secure = x.settings.tls != nil
	x.began = w.loop.Now()
	n, err := x.request.Parse(a.head, x.settings.limits)
	var malformed *http1.Error
	switch {
	case errors.As(err, &malformed):
		return nil, questionError("such a request is refused with %d: %s", malformed.Status, malformed.Reason)
	case err != nil:
		return nil, err
	case n != len(a.head):
		return nil, questionError("the request is larger than the listener takes, or is more than one")
	}
	e := &Explanation{Listener: x.settings.name}
	refusal := x.check()
	e.Request = ExplainedRequest{Method: string(x.request.Method), Host: string(x.request.Host), Path: string(x.path),
		Query: string(x.request.RawQuery), ClientIP: x.clientIP().String()}
	if refusal != nil {
		e.Answer = &ExplainedAnswer{refusal.status, refusal.text}
		return e, nil
	}
	snapshot := w.server.snapshot.Load()
	if x.route = x.findRoute(snapshot); x.route == nil {
		e.Answer = &ExplainedAnswer{errNoRoute.status, errNoRoute.text}
		return e, nil
	}
	e.Route = x.route.name
	switch r := x.route; {
	case r.respond != nil:
		e.Answer = &ExplainedAnswer{r.respond.status, "the route responds"}
	case r.redirect != nil:
		e.Answer = &ExplainedAnswer{r.redirect.status, "the route redirects"}
	case !x.rewritePath():
		e.Answer = &ExplainedAnswer{errBadPath.status, "the rewritten path is none"}
	default:
		e.Forward = x.explainForward()
	}
	return e, nil
}

// explainForward does what forward and choose do up to the pick.
func (x *exchange) explainForward() *ExplainedForward {
	f := &ExplainedForward{Path: string(x.request.Path), Limits: x.route.limits.inWords()}
	if x.newPath != nil {
		f.Path = string(x.newPath)
	}
	hashOn := x.route.targets[0].pool.hashOn
	x.chooseKey(hashOn)
	f.Key = x.explainKey(hashOn)
	if split := x.route.split; split != nil {
		for i := range x.route.targets {
			f.Split = append(f.Split, ExplainedSplit{x.route.targets[i].pool.name, x.route.weights[i]})
		}
	}
	x.target = x.chooseTarget()
	x.pool = x.target.pool
	p := x.pool
	x.origin = x.spilledFrom()
	f.Pool, f.Policy, f.Origin = p.name, string(p.from.Policy), string(x.origin)
	f.Priority, f.Shed = x.route.priorityOf(x), rounded(p.shedder.Threshold())
	f.Waiting, f.Holding = p.queue.Waiting(), p.queue.Holding()
	x.aim()
	x.pick.Holding = f.Holding
	view := p.view.Load()
	found := view.Explain(&x.pick)
	f.Outcome, f.Reason, f.Region, f.Backend = found.Outcome.String(), found.Reason.String(), found.Region, found.Backend
	f.Patience = milliseconds(found.Patience)
	f.Regions = p.explainRegions(&found)
	if f.Sticky = x.explainSticky(view, f); f.Sticky != nil && f.Sticky.Used {
		f.Outcome, f.Reason, f.Backend = balancer.Picked.String(), balancer.Sticky.String(), f.Sticky.Backend
	}
	return f
}

// explainKey says where the key comes from; nil: there is none.
func (x *exchange) explainKey(sources []config.HashKey) *ExplainedKey {
	for i := range sources {
		if value, ok := x.keyFrom(&sources[i]); ok {
			return &ExplainedKey{hashKeyInWords(&sources[i]), string(value)}
		}
	}
	return nil
}

func hashKeyInWords(k *config.HashKey) string {
	switch k.Source {
	case config.HashHeader:
		return "header:" + k.Name
	case config.HashCookie:
		return "cookie:" + k.Name
	case config.HashQuery:
		return "query:" + k.Name
	case config.HashPath:
		return "path"
	}
	return "client_ip"
}

// explainSticky says what the pool's own cookie asks for; nil: the pool has none.
func (x *exchange) explainSticky(view *balancer.View, f *ExplainedForward) *ExplainedSticky {
	s := x.pool.sticky
	if s == nil {
		return nil
	}
	out := &ExplainedSticky{Cookie: s.cookie}
	hash, ok := x.stickyHash()
	if !ok {
		return out
	}
	m := view.ByHash(hash)
	if m == nil {
		return out
	}
	out.Backend = m.Address
	for i := range f.Regions {
		if r := &f.Regions[i]; r.Name == m.Region && r.Permitted {
			full := m.MaxRequests > 0 && m.Backend.Inflight() >= m.MaxRequests
			if out.Used = m.Available && !full; out.Used {
				f.Region = r.Name
			}
		}
	}
	return out
}

// inWords tells of a route's limits.
func (l *routeLimits) inWords() (list []string) {
	if l == nil {
		return nil
	}
	if l.rate != nil {
		list = append(list, fmt.Sprintf("rate_limit: %g a second, %d at once, by %s", l.rateLimit.Rate, l.rateLimit.Burst, limitKeyInWords(l.rateKey)))
	}
	if l.concurrency != nil {
		list = append(list, fmt.Sprintf("concurrency_limit: %d in flight, by %s", l.most, limitKeyInWords(l.mostKey)))
	}
	return list
}

func limitKeyInWords(k config.LimitKey) string {
	switch k.Source {
	case config.LimitHeader:
		return "header:" + k.Name
	case config.LimitRoute:
		return "route"
	}
	return "client_ip"
}
