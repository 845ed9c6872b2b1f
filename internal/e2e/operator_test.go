package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// adminClient opens a connection for each request, so that none outlives a test.
var adminClient = &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

// Ready is the status of /readyz, or 0 when the admin address does not answer.
func (p *Proxy) Ready() int {
	response, err := adminClient.Get("http://" + p.admin + "/readyz")
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// Admin asks the admin address; body is sent as JSON when it is not empty.
func (p *Proxy) Admin(method, path, body string, fields ...string) (status int, answer string) {
	p.t.Helper()
	request, err := http.NewRequest(method, "http://"+p.admin+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		if request.Header.Set(name, value); name == "Host" {
			request.Host = value
		}
	}
	response, err := adminClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

// Reload asks for a reload over the admin address and wants it to succeed.
func (p *Proxy) Reload() {
	p.t.Helper()
	if status, answer := p.Admin("POST", "/api/reload", ""); status != 200 {
		p.t.Fatalf("POST /api/reload: %d %s", status, answer)
	}
}

// Status is what GET /api/status promises.
type Status struct {
	Region string
	Config struct {
		Generation int64
		Digest     string
		LoadedAt   string `json:"loaded_at"`
		LastError  string `json:"last_error"`
	}
	Listeners []struct {
		Name, Address string
		Connections   int
	}
	Pools []struct {
		Name, Policy string
		Regions      []struct {
			Name, State string
			Share       float64
			Inflight    int
			Backends    []BackendStatus
		}
	}
}

// BackendStatus is one backend of GET /api/status.
type BackendStatus struct {
	Address, State, Reason string
	Weight                 float64
	Inflight               int
	Requests, Errors       int64
}

// Status reads GET /api/status.
func (p *Proxy) Status() (s Status) {
	p.t.Helper()
	status, answer := p.Admin("GET", "/api/status", "")
	if status != 200 {
		p.t.Fatalf("GET /api/status: %d", status)
	}
	if err := json.Unmarshal([]byte(answer), &s); err != nil {
		p.t.Fatalf("GET /api/status: %v in %s", err, answer)
	}
	return s
}

// Backend is the status of the backend with that address, in the first pool
// that has one.
func (p *Proxy) Backend(address string) BackendStatus {
	p.t.Helper()
	for _, pool := range p.Status().Pools {
		for _, region := range pool.Regions {
			for _, backend := range region.Backends {
				if backend.Address == address {
					return backend
				}
			}
		}
	}
	p.t.Fatalf("GET /api/status does not name %s", address)
	return BackendStatus{}
}

// inflight is the number of requests in flight to all backends.
func (p *Proxy) inflight() (n int) {
	p.t.Helper()
	for _, pool := range p.Status().Pools {
		for _, region := range pool.Regions {
			n += region.Inflight
		}
	}
	return n
}

// AwaitState waits until the backend is in that state.
func (p *Proxy) AwaitState(address, state string) {
	p.t.Helper()
	eventually(p.t, address+" is "+state, func() bool { return p.Backend(address).State == state })
}

// Metric is the sum of the series of that name on /metrics; ok is false when
// there is none.
func (p *Proxy) Metric(name string) (sum float64, ok bool) {
	p.t.Helper()
	_, text := p.Admin("GET", "/metrics", "")
	for line := range strings.Lines(text) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series, _, _ = strings.Cut(series, "{"); series != name {
			continue
		}
		n, err := strconv.ParseFloat(value[strings.LastIndex(value, " ")+1:], 64)
		if err != nil {
			p.t.Fatalf("GET /metrics: %v in %q", err, line)
		}
		sum, ok = sum+n, true
	}
	return sum, ok
}

// anyBackend reports whether some backend is in that state.
func (p *Proxy) anyBackend(state string) bool {
	p.t.Helper()
	for _, pool := range p.Status().Pools {
		for _, region := range pool.Regions {
			for _, backend := range region.Backends {
				if backend.State == state {
					return true
				}
			}
		}
	}
	return false
}
