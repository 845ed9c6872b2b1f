package e2e

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"spillway/internal/e2e/wire"
)

// responseCase is one element of testdata/h1responses.json, whose head says what
// the fields mean.
type responseCase struct {
	ID, Group, Expect, Level, Why, Source, Phase string
	Raw, Request                                 octets
	Close, RST, Expand, Fresh                    bool
	Also                                         []string
	ClientStatus                                 int     `json:"client_status"`
	ClientBody                                   *octets `json:"client_body"`
	ClientAlt                                    *octets `json:"client_alt"`
	Has                                          map[string]oneOf
	Absent                                       []string
	NoInterim                                    bool     `json:"no_interim"`
	BareTrailers                                 []string `json:"bare_trailers"`
	NoReuse                                      bool     `json:"no_reuse"`
	MaxUpstream                                  int      `json:"max_upstream"`
	MustNot                                      octets   `json:"must_not"`
}

func TestResponseCases(t *testing.T) {
	cases := readCases[responseCase](t, "h1responses.json")
	config := "listeners:\n  - {name: web, address: {{listen \"web\"}}}\nroutes:\n"
	pools := "pools:\n"
	var scripts []*responseScript
	for _, c := range cases {
		s := &responseScript{responseCase: c, poisoned: map[int]int{}}
		s.backend = NewBackend(t, c.ID, func(b *Backend) {
			b.Head, b.Handle, b.Accept = s.head, s.handle, s.accept
		})
		scripts = append(scripts, s)
		config += fmt.Sprintf("  - {match: {path: /%s}, pool: %q}\n", c.ID, c.ID)
		pools += fmt.Sprintf("  - {name: %q, backends: [{address: %s}]}\n", c.ID, s.backend.Address)
	}
	p := Start(t, config+pools, nil)
	for _, s := range scripts {
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			s.run(t, p.Addr("web"))
		})
	}
}

// responseScript is a case and the backend that plays it. The backend answers
// each target below /<id>/ with the target itself.
type responseScript struct {
	responseCase
	backend *Backend

	mu       sync.Mutex
	idle     *BackendConn // the one that carried the warm-up
	poisoned map[int]int  // connections that sent raw, and how many requests they had carried
	greeted  bool
}

func (s *responseScript) target() string { return "/" + s.ID }

func (s *responseScript) poison(conn *BackendConn, served int) {
	s.mu.Lock()
	s.poisoned[conn.Number] = served
	s.mu.Unlock()
}

// send writes the case's bytes and ends the connection if the case does; it
// reports whether it did.
func (s *responseScript) send(conn *BackendConn) (ended bool) {
	io.WriteString(conn, string(s.Raw))
	switch {
	case s.RST:
		// What a reset overtakes is lost: give the proxy the chance to have read it.
		time.Sleep(20 * time.Millisecond)
		conn.Reset()
	case s.Close:
		conn.Close()
	}
	return s.RST || s.Close
}

func (s *responseScript) accept(conn *BackendConn) {
	if s.Phase != "greet" {
		return
	}
	s.mu.Lock()
	first := !s.greeted
	s.greeted = true
	s.mu.Unlock()
	if first {
		s.poison(conn, 1)
		s.send(conn)
	}
}

func (s *responseScript) head(x *Exchange) {
	if s.Phase == "early" && x.Target == s.target() {
		s.poison(x.Conn, x.Nth)
		x.ended = s.send(x.Conn)
	}
}

func (s *responseScript) handle(x *Exchange) {
	switch {
	case x.Target != s.target():
		s.mu.Lock()
		s.idle = x.Conn
		s.mu.Unlock()
		x.Reply(200, x.Target)
	case s.Phase == "early": // answered by head
	case s.Phase == "idle", s.Phase == "greet", s.Phase == "reused" && x.Nth == 1:
		x.Reply(200, "hello")
	default:
		s.poison(x.Conn, x.Nth)
		x.ended = s.send(x.Conn)
	}
}

func (s *responseScript) run(t *testing.T, address string) {
	client := dial(t, address)
	if !s.Fresh {
		// On the client's own connection: a proxy may keep idle ones for each of its threads.
		warm := s.target() + "/warm"
		expect(t, "the warm-up", client.Get(warm), 200, warm)
		if s.Phase == "idle" {
			s.mu.Lock()
			idle := s.idle
			s.mu.Unlock()
			s.poison(idle, 1)
			s.send(idle)
		}
	}
	raw := string(s.Request)
	if raw == "" {
		raw = head("GET", s.target())
	}
	go io.WriteString(client, raw)
	client.SetReadDeadline(time.Now().Add(patience))
	method, _, _ := strings.Cut(raw, " ")
	response, err := wire.ReadResponse(client.reader, method)
	if isTimeout(err) {
		t.Errorf("no end of the response")
	}
	if wire.IsSyntax(err) {
		t.Errorf("the client got a response that is %v", err)
	}
	verdict := s.judge(response, err)
	if !s.conforms(verdict) {
		t.Errorf("%s, want %s %v", verdict, s.Expect, s.Also)
	}
	if verdict == "forward" {
		s.checkForwarded(t, response)
	}
	whole := err == nil && response.KeepsAlive() && s.sentWhole(raw)
	s.checkInnocents(t, client, whole, address)
	s.checkBackend(t)
	if t.Failed() {
		t.Logf("%s: %s", s.ID, s.Why)
		t.Logf("the backend sent %.300q", s.Raw)
		t.Logf("the client got %d %.200q, body %.80q (%d bytes), %v", response.Status, response.Fields, response.Body, len(response.Body), err)
		for _, r := range s.backend.Requests() {
			t.Logf("the backend saw %s %s, connection %d, request %d", r.Method, r.Target, r.Conn, r.Nth)
		}
	}
}

// judge names the outcome in the words of the file.
func (s *responseScript) judge(r *wire.Response, err error) string {
	switch {
	case err != nil && !s.hasPrefix(r.Body):
		return "truncate after other bytes"
	case err != nil:
		return "truncate"
	case r.Status == s.ClientStatus && s.hasBody(r.Body):
		return "forward"
	case r.Status == 502:
		return "bad_gateway"
	}
	return fmt.Sprintf("status %d with a body of %d bytes", r.Status, len(r.Body))
}

func (s *responseScript) hasBody(body []byte) bool {
	return s.ClientBody != nil && string(body) == string(*s.ClientBody) ||
		s.ClientAlt != nil && string(body) == string(*s.ClientAlt)
}

func (s *responseScript) hasPrefix(body []byte) bool {
	return s.ClientBody == nil || strings.HasPrefix(string(*s.ClientBody), string(body))
}

func (s *responseScript) conforms(verdict string) bool {
	for _, allowed := range append(s.Also, s.Expect) {
		if verdict == allowed {
			return true
		}
	}
	return false
}

// sentWhole reports whether the request was complete, so that another may follow.
func (s *responseScript) sentWhole(raw string) bool {
	for _, r := range s.backend.Requests() {
		if r.Target == s.target() && r.Complete {
			return true
		}
	}
	return !strings.HasSuffix(raw, "part") && !strings.HasSuffix(raw, "part\r\n")
}

func (s *responseScript) checkForwarded(t *testing.T, r *wire.Response) {
	for _, name := range s.Absent {
		if value, present := r.Fields.Get(name); present {
			t.Errorf("%s: %q reached the client", name, value)
		}
	}
	for name, want := range s.Has {
		value, present := r.Fields.Get(name)
		listed := strings.EqualFold(name, "Transfer-Encoding") && r.Fields.Has(name, *want[0])
		if !listed && !want.allows(value, present) {
			t.Errorf("%s is %q, want %v", name, value, want)
		}
	}
	for _, name := range s.BareTrailers {
		if value, present := r.Trailers.Get(name); present {
			t.Errorf("the trailer %s: %q reached the client", name, value)
		}
	}
	if s.NoInterim && len(r.Interim) > 0 {
		t.Errorf("the client saw %d interim responses", len(r.Interim))
	}
}

// checkInnocents asks on, on the case's connection if it may and on new ones:
// each request must get its own answer and nothing beside it.
func (s *responseScript) checkInnocents(t *testing.T, client *Client, whole bool, address string) {
	for i := range 4 {
		target := fmt.Sprintf("%s/innocent-%d", s.target(), i)
		if i > 0 || !whole {
			client = dial(t, address)
		}
		client.Send(head("GET", target, "Connection: close"))
		client.SetReadDeadline(time.Now().Add(patience))
		raw, err := io.ReadAll(client.reader)
		if err != nil {
			t.Errorf("innocent %d: %v", i, err)
		}
		if s.MustNot != "" && strings.Contains(string(raw), string(s.MustNot)) {
			t.Errorf("innocent %d got %q", i, s.MustNot)
		}
		reader := newReader(string(raw))
		r, err := wire.ReadResponse(reader, "GET")
		rest, _ := io.ReadAll(reader)
		if err != nil || r.Status != 200 || string(r.Body) != target || len(rest) > 0 {
			t.Errorf("innocent %d (same connection: %v) got %.200q: %v", i, i == 0 && whole, raw, err)
		}
	}
}

func (s *responseScript) checkBackend(t *testing.T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := 0
	for _, r := range s.backend.Requests() {
		if r.Target == s.target() {
			seen++
		}
		if served, sent := s.poisoned[r.Conn]; sent && s.NoReuse && r.Nth > served {
			t.Errorf("the connection of the case carried %s too", r.Target)
		}
	}
	if s.MaxUpstream > 0 && seen > s.MaxUpstream {
		t.Errorf("the backend saw the request %d times, want at most %d", seen, s.MaxUpstream)
	}
}
