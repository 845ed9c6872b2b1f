package admin

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/pprof"
)

const index = `spillway

GET  /healthz         200 while the process lives
GET  /readyz          200 while it takes traffic, else 503
GET  /metrics         Prometheus text
GET  /api/status      JSON: configuration, listeners, pools, regions, backends
GET  /api/explain     ?method=&url=&header=NAME: VALUE&client_ip=&listener=
                      JSON: where such a request would go, and why
POST /api/reload      reads the configuration again
POST /api/drain       {"region": "NAME"}, {"pool": "NAME", "region": "NAME"} or
                      {"pool": "NAME", "backend": "ADDRESS"}; with "over": "30s" by degrees,
                      with "dry_run": true only a forecast; also "force" and "no_guard"
POST /api/undrain     takes it back, with "over" by degrees
POST /api/drill       like drain, with "for": "60s", after which it ends by itself
GET  /api/drill       JSON: what the last drill did
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
	mux.Handle("/api/drain", write(s.drain))
	mux.Handle("/api/undrain", write(s.undrain))
	mux.Handle("POST /api/drill", write(s.drill))
	mux.Handle("/api/drill", read(s.drillReport))
	mux.Handle("/api/explain", read(s.explain))
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
