package admin

import (
	"errors"
	"net/http"

	"spillway/proxy"
)

// explain takes the request that it is about from the query: method, url, header
// (any number of "NAME: VALUE"), client_ip and listener.
func (s *Server) explain(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("url") == "" {
		answer(w, http.StatusOK, explainUsage)
		return
	}
	found, err := s.options.Proxy.Explain(proxy.Question{Method: q.Get("method"), URL: q.Get("url"), Headers: q["header"],
		ClientIP: q.Get("client_ip"), Listener: q.Get("listener")})
	switch _, wrong := errors.AsType[*proxy.QuestionError](err); {
	case wrong:
		fail(w, http.StatusBadRequest, err.Error())
	case err != nil:
		fail(w, http.StatusServiceUnavailable, err.Error())
	default:
		answer(w, http.StatusOK, found)
	}
}

var explainUsage = struct {
	Usage string `json:"usage"`
}{"GET /api/explain?method=GET&url=https://host/path&header=NAME: VALUE&client_ip=IP&listener=NAME"}
