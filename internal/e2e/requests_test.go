package e2e

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"spillway/internal/e2e/wire"
)

// requestCase is one element of testdata/h1cases.json, whose head says what the
// fields mean.
type requestCase struct {
	ID, Group, Expect, Level, RFC, Why, Source string
	Raw, Then                                  octets
	HalfClose                                  bool `json:"half_close"`
	Expand                                     bool
	RawLen                                     int `json:"raw_len"`
	Status                                     []int
	TolerateForward                            bool `json:"tolerate_forward"`
	AllowSmuggled                              bool `json:"allow_smuggled"`
	MaxUpstream                                int  `json:"max_upstream"`
	Methods                                    []string
	Asserts                                    requestAsserts
}

// requestWorkers is how many cases run at once, each on a listener and a backend
// of its own: what one case leaves behind meets the next on the same backend.
const requestWorkers = 24

func TestRequestCases(t *testing.T) {
	cases := readCases[requestCase](t, "h1cases.json")
	config := "listeners:\n"
	for i := range requestWorkers {
		config += fmt.Sprintf("  - {name: w%d, address: {{listen \"w%d\"}}}\n", i, i)
	}
	config += "routes:\n  - {match: {path: /private}, respond: {status: 403, body: denied}}\n"
	for i := range requestWorkers {
		config += fmt.Sprintf("  - {match: {listener: w%d, path: /}, pool: p%d}\n", i, i)
	}
	config += "pools:\n"
	workers := make(chan *requestWorker, requestWorkers)
	var backends []*Backend
	for i := range requestWorkers {
		b := NewBackend(t, fmt.Sprint("b", i), func(b *Backend) {
			b.Tolerant = true
			b.Handle = func(x *Exchange) { x.Reply(200, x.Target) }
		})
		backends = append(backends, b)
		config += fmt.Sprintf("  - {name: p%d, backends: [{address: %s}]}\n", i, b.Address)
	}
	p := Start(t, config, nil)
	for i, b := range backends {
		workers <- &requestWorker{p.Addr(fmt.Sprint("w", i)), b}
	}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			w := <-workers
			defer func() { workers <- w }()
			if c.RawLen > 0 && c.RawLen != len(c.Raw) {
				t.Fatalf("the case expands to %d bytes, not to %d", len(c.Raw), c.RawLen)
			}
			w.run(t, &c)
		})
	}
}

type requestWorker struct {
	address string
	backend *Backend
}

// requestOutcome is what both sides saw of a case.
type requestOutcome struct {
	*requestCase
	client   *requestClient
	received []Received // complete or not, in order
	complete []Received
}

func (w *requestWorker) run(t *testing.T, c *requestCase) {
	o := &requestOutcome{requestCase: c, client: w.send(t, c)}
	eventually(t, "the backend is between messages", w.backend.Quiet)
	probe := "/probe-" + c.ID
	if r := get(t, w.address, probe); r.Status != 200 || string(r.Body) != probe {
		t.Errorf("the next GET got %d %.80q", r.Status, r.Body)
	}
	for _, r := range w.backend.Take() {
		if r.Target == probe {
			continue
		}
		o.received = append(o.received, r)
		if r.Complete {
			o.complete = append(o.complete, r)
		}
	}
	o.checkInvariants(t)
	forwarded := o.checkVerdict(t)
	o.Asserts.checkAlways(t, o)
	if forwarded {
		o.Asserts.checkForwarded(t, o)
	}
	if t.Failed() {
		t.Logf("%s (%s): %s", c.ID, c.RFC, c.Why)
		t.Logf("sent %.300q", c.Raw)
		t.Logf("client saw %s, closed %v, error %v", o.client.summary(), o.client.closed, o.client.err)
		for _, r := range o.received {
			t.Logf("backend saw %s %.80q %.200q body %.100q complete %v problem %v", r.Method, r.Target, r.Fields, r.Body, r.Complete, r.Problem)
		}
	}
}

// requestClient is what the client of a case got.
type requestClient struct {
	responses []*wire.Response
	closed    bool  // in order or by a reset
	h2        bool  // it was answered in HTTP/2
	err       error // why what it got is no sequence of responses, or ended within one
}

func (rc *requestClient) summary() string {
	var words []string
	for _, r := range rc.responses {
		words = append(words, fmt.Sprintf("%d %.60q", r.Status, r.Body))
	}
	return "[" + strings.Join(words, ", ") + "]"
}

func (rc *requestClient) statuses() (list []int) {
	for _, r := range rc.responses {
		list = append(list, r.Status)
	}
	return list
}

// idle is how long a client waits for more; the files say one second.
const idle = time.Second

func (w *requestWorker) send(t *testing.T, c *requestCase) *requestClient {
	client := dial(t, w.address)
	defer client.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		io.WriteString(client, string(c.Raw))
		if c.HalfClose {
			client.CloseWrite()
		}
	}()
	rc := new(requestClient)
	rest := string(c.Then)
	for i := 0; ; i++ {
		client.SetReadDeadline(time.Now().Add(idle))
		_, err := client.reader.Peek(1)
		if isTimeout(err) {
			select {
			case <-sent:
			default:
				continue // the proxy still reads
			}
			if rest != "" {
				client.Send(rest)
				rest = ""
				continue
			}
			return rc
		}
		if err != nil {
			rc.closed = true
			return rc
		}
		client.SetReadDeadline(time.Now().Add(patience))
		if strings.HasPrefix(string(c.Raw), h2Preface) && client.startsWithSettings() {
			rc.h2 = true
			return rc
		}
		r, err := client.readAnswer(&rest, c.methodOf(i))
		if err == nil || r.Status > 0 {
			rc.responses = append(rc.responses, r)
		}
		if err != nil {
			rc.err, rc.closed = err, !isTimeout(err) && !wire.IsSyntax(err)
			return rc
		}
		if r.UntilClose {
			rc.closed = true
			return rc
		}
	}
}

// readAnswer reads one response, and sends the rest of the request after a 100.
func (c *Client) readAnswer(rest *string, method string) (*wire.Response, error) {
	if *rest == "" {
		return wire.ReadResponse(c.reader, method)
	}
	head, err := c.reader.Peek(len("HTTP/1.1 100"))
	if err == nil && strings.HasSuffix(string(head), " 100") {
		io.WriteString(c, *rest)
		*rest = ""
	}
	return wire.ReadResponse(c.reader, method)
}

// h2Preface is what a client of HTTP/2 with prior knowledge sends first, and a
// SETTINGS frame what it gets (RFC 9113, section 3.4).
const h2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

func (c *Client) startsWithSettings() bool {
	frame, err := c.reader.Peek(9)
	return err == nil && frame[3] == 4
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// methodOf is the method of the i-th request, for the length of its response.
func (c *requestCase) methodOf(i int) string {
	if i < len(c.Methods) {
		return c.Methods[i]
	}
	return "GET"
}

func (o *requestOutcome) checkInvariants(t *testing.T) {
	for _, r := range o.received {
		if strings.Contains(r.Target, "SMUGGLED") && !o.AllowSmuggled {
			t.Errorf("the backend was asked for %q", r.Target)
		}
		if r.Problem != nil {
			t.Errorf("the backend got a request that is %v", r.Problem)
		}
	}
	if most := max(o.MaxUpstream, 1); len(o.complete) > most {
		t.Errorf("the backend got %d requests, at most %d were sent", len(o.complete), most)
	}
	if err := o.client.err; wire.IsSyntax(err) || isTimeout(err) {
		t.Errorf("the client got no proper response: %v", err)
	}
}

// policy names what a strict proxy may refuse by policy and this one does, with
// the reason; any other refusal of a case to be forwarded is a failure.
var policy = map[string]string{}

// checkVerdict judges the case's expectation and says whether it was forwarded.
func (o *requestOutcome) checkVerdict(t *testing.T) (forwarded bool) {
	forwarded = len(o.complete) > 0
	statuses := o.client.statuses()
	switch {
	case o.Expect == "forward" && forwarded:
		if len(statuses) == 0 || statuses[0] != 200 {
			t.Errorf("forwarded, but the client got %v", statuses)
		}
	case o.Expect == "forward":
		reason, known := policy[o.ID]
		if !known || len(statuses) == 0 || !slices.Contains(o.Status, statuses[0]) {
			t.Errorf("not forwarded: the client got %v", statuses)
		} else {
			t.Logf("refused with %v: %s", statuses, reason)
		}
	case o.Expect == "reject" && forwarded && o.TolerateForward:
		t.Logf("forwarded, which is tolerated")
	case o.Expect == "reject" && forwarded:
		t.Errorf("the backend got a complete %s %q", o.complete[0].Method, o.complete[0].Target)
	case o.Expect == "reject" || o.Expect == "either" && !forwarded:
		o.checkRefusal(t, statuses)
	case o.Expect == "either":
	default:
		t.Fatalf("unknown expectation %q", o.Expect)
	}
	return forwarded
}

// checkRefusal wants a status that the case allows, or a close without a
// response; where both outcomes conform, any error status will do, and silence
// while the message is not complete.
func (o *requestOutcome) checkRefusal(t *testing.T, statuses []int) {
	either := o.Expect == "either"
	if len(statuses) == 0 {
		if !o.client.closed && !either {
			t.Errorf("neither refused nor closed")
		}
		return
	}
	allowed := slices.Contains(o.Status, statuses[0])
	if len(o.Status) == 0 || either {
		allowed = allowed || statuses[0] >= 400 && statuses[0] != 502
	}
	if !allowed {
		t.Errorf("refused with %v, want one of %v", statuses, o.Status)
	}
}
