package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

const (
	defaultAdmin = "127.0.0.1:9901"
	adminEnv     = "SPILLWAY_ADMIN"

	// adminPatience is for a whole call: a reload may resolve names and open listeners.
	adminPatience = 30 * time.Second
	// adminAnswer is the most that an answer may have; a status of thousands of backends fits.
	adminAnswer = 64 << 20
)

// An adminClient talks to the admin address of a running instance.
type adminClient struct {
	address string
	http    http.Client
}

// adminFlag adds --admin to a command's flags.
func adminFlag(c *console, f *flag.FlagSet) *string {
	address := defaultAdmin
	if set, ok := c.env(adminEnv); ok && set != "" {
		address = set
	}
	return f.String("admin", address, "the admin `address` of the instance, host:port or\nunix:/path; "+adminEnv+" sets another default")
}

// newAdminClient takes host:port, :port (of this machine) or unix:/path.
func newAdminClient(address string) (*adminClient, error) {
	network, target := "tcp", strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/")
	if path, ok := strings.CutPrefix(target, "unix:"); ok {
		network, target = "unix", path
	} else if host, port, err := net.SplitHostPort(target); err != nil {
		return nil, fmt.Errorf("the admin address %q is neither host:port nor unix:/path", address)
	} else if host == "" {
		target = net.JoinHostPort("127.0.0.1", port)
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, target)
	}
	a := &adminClient{address: address}
	a.http = http.Client{Timeout: adminPatience, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	return a, nil
}

// call sends body, if there is one, as JSON and returns the answer. An answer that is not a 200 is
// an error with its text.
func (a *adminClient) call(method, path string, body any) ([]byte, error) {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, "http://localhost"+path, sent)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := a.http.Do(request)
	if err != nil {
		return nil, a.explain(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, adminAnswer))
	if err != nil {
		return nil, a.explain(err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, newRefusedError(response.StatusCode, text)
	}
	return text, nil
}

// explain says in one line why there was no answer, without the URL that nobody typed.
func (a *adminClient) explain(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("nobody listens on the admin address %s: does spillway run, with `admin: {address: ...}`? --admin or %s name another", a.address, adminEnv)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("the admin address %s does not answer", a.address)
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
		if _, ok := err.(*net.OpError); ok {
			break
		}
	}
	return fmt.Errorf("the admin address %s: %w", a.address, err)
}

// A refusedError is an answer of the admin address that is not a 200.
type refusedError struct {
	status int
	text   string
	body   []byte // the whole answer
}

// newRefusedError takes the text of an answer, or what its JSON says is the error.
func newRefusedError(status int, text []byte) *refusedError {
	var answer struct{ Error string }
	if json.Unmarshal(text, &answer) == nil && answer.Error != "" {
		return &refusedError{status, answer.Error, text}
	}
	return &refusedError{status, strings.TrimSpace(string(text)), text}
}

func (e *refusedError) Error() string {
	if e.text == "" {
		return fmt.Sprintf("the admin address answered %d %s", e.status, http.StatusText(e.status))
	}
	return e.text
}
