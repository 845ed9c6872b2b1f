package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"

	"spillway/proxy"
)

const index = `spillway

GET  /healthz         200 while the process lives
GET  /readyz          200 while it takes traffic, else 503
GET  /metrics         Prometheus text
GET  /api/status      JSON: configuration, listeners, pools, regions, backends
POST /api/reload      reads the configuration again
POST /api/drain       {"region": "NAME"} or {"pool": "NAME", "backend": "ADDRESS"}
POST /api/undrain     takes it back
GET  /debug/pprof/    profiles
`

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/{$}", read(func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, index) }))
	mux.Handle("/healthz", read(func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok\n") }))
	mux.Handle("/readyz", read(s.readyz))
	mux.Handle("/metrics", read(metricsHandler(s.options.Proxy, s.options.Version)))
	mux.Handle("/api/status", read(s.status))
	mux.Handle("/api/reload", write(s.reload))
	mux.Handle("/api/drain", write(func(w http.ResponseWriter, r *http.Request) { s.operate(w, r, false) }))
	mux.Handle("/api/undrain", write(func(w http.ResponseWriter, r *http.Request) { s.operate(w, r, true) }))
	mux.Handle("/debug/pprof/", read(pprof.Index))
	mux.Handle("/debug/pprof/cmdline", read(pprof.Cmdline))
	mux.Handle("/debug/pprof/profile", read(pprof.Profile))
	mux.Handle("/debug/pprof/symbol", read(pprof.Symbol))
	mux.Handle("/debug/pprof/trace", read(pprof.Trace))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, "no such path; GET / lists what there is")
	})
	return mux
}

// read serves what changes nothing.
func read(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, http.StatusMethodNotAllowed, "this path is read by GET")
			return
		}
		h(w, r)
	})
}

// write serves what changes something, with a bounded body.
func write(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			fail(w, http.StatusMethodNotAllowed, "this path changes something, so it takes POST only")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
		h(w, r)
	})
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	if s.options.Proxy.Ready() {
		text(w, http.StatusOK, "ready\n")
	} else {
		text(w, http.StatusServiceUnavailable, "not ready\n")
	}
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	status := s.options.Proxy.Status()
	status.Version = s.options.Version
	answer(w, http.StatusOK, status)
}

func (s *Server) reload(w http.ResponseWriter, r *http.Request) {
	if s.options.Reload == nil {
		fail(w, http.StatusConflict, "this instance runs without a configuration file")
		return
	}
	s.reloading.Lock()
	defer s.reloading.Unlock()
	s.options.Log.Info("reload asked for", "client", r.RemoteAddr)
	if err := s.options.Reload(); err != nil {
		text(w, http.StatusBadRequest, err.Error()+"\n")
		return
	}
	text(w, http.StatusOK, "reloaded\n")
}

// An order is what a drain or undrain is about.
type order struct {
	Region  string `json:"region,omitempty"`
	Pool    string `json:"pool,omitempty"`
	Backend string `json:"backend,omitempty"`
}

func (o order) complete() bool {
	byRegion, byBackend := o.Region != "", o.Pool != "" && o.Backend != ""
	return byRegion && o.Pool == "" && o.Backend == "" || byBackend && !byRegion
}

func (s *Server) operate(w http.ResponseWriter, r *http.Request, enabled bool) {
	o, err := readOrder(r.Body)
	if err != nil {
		status := http.StatusBadRequest
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			status = http.StatusRequestEntityTooLarge
		}
		fail(w, status, err.Error())
		return
	}
	if o.Region != "" {
		err = s.options.Proxy.DrainRegion(o.Region, enabled)
	} else {
		err = s.options.Proxy.DrainBackend(o.Pool, o.Backend, enabled)
	}
	switch _, unknown := errors.AsType[*proxy.UnknownNameError](err); {
	case unknown:
		fail(w, http.StatusNotFound, err.Error())
	case err != nil:
		fail(w, http.StatusInternalServerError, err.Error())
	default:
		s.options.Log.Info("operator", "drained", !enabled, "region", o.Region, "pool", o.Pool, "backend", o.Backend, "client", r.RemoteAddr)
		answer(w, http.StatusOK, struct {
			order
			Drained bool `json:"drained"`
		}{o, !enabled})
	}
}

// readOrder reads one JSON object and nothing else.
func readOrder(body io.Reader) (o order, err error) {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return o, fmt.Errorf("the body is not what is expected: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return o, errors.New("the body goes on after its JSON object")
	}
	if !o.complete() {
		return o, errors.New(`name either a "region", or a "pool" and its "backend"`)
	}
	return o, nil
}

func text(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(body)
}

func fail(w http.ResponseWriter, status int, why string) {
	answer(w, status, struct {
		Error string `json:"error"`
	}{why})
}
