package proxy

import (
	"errors"
	"io"
	"net/http"

	"spillway/internal/http1"
	"spillway/internal/loop"
)

// A refusal is an answer of spillway's own instead of a backend's: what the
// client is told, which says nothing about the inside, and the word for the log.
type refusal struct {
	status int // 0: the client gets no answer
	text   string
	end    string
	closes bool // the connection can not be used any further
	retry  bool // Retry-After is worth sending
}

func (r *refusal) Error() string { return r.text }

var (
	errClientLeft     = &refusal{end: "client_closed", closes: true}
	errClientReset    = &refusal{end: "client_reset", closes: true}
	errStopping       = &refusal{status: 503, text: "shutting down", end: "stopping", closes: true, retry: true}
	errSlowHead       = &refusal{status: 408, text: "the request head took too long", end: "client_timeout", closes: true}
	errSlowBody       = &refusal{status: 408, text: "the request body took too long", end: "client_timeout", closes: true}
	errCutBody        = &refusal{status: 400, text: "the request body ended early", end: "client_closed", closes: true}
	errBadBody        = &refusal{status: 400, text: "malformed chunked body", end: "bad_request", closes: true}
	errBodyTooLarge   = &refusal{status: 413, text: "the request body is too large", end: "body_too_large", closes: true}
	errHeadTooLarge   = &refusal{status: 431, text: "the request head is too large", end: "bad_request", closes: true}
	errConnect        = &refusal{status: 501, text: "CONNECT is not supported", end: "bad_request", closes: true}
	errLastHop        = &refusal{status: 204, end: "last_hop"}
	errTrace          = &refusal{status: 405, text: "TRACE is not answered here", end: "bad_request"}
	errBadPath        = &refusal{status: 400, text: "malformed path", end: "bad_request"}
	errBadHost        = &refusal{status: 400, text: "malformed Host", end: "bad_request"}
	errNoRoute        = &refusal{status: 404, text: "no route for this request", end: "no_route"}
	errRateLimited    = &refusal{status: 429, text: "too many requests", end: "rate_limited"}
	errTooMany        = &refusal{status: 429, text: "too many requests at once", end: "too_many"}
	errShed           = &refusal{status: 503, text: "overloaded: less important requests are refused", end: "shed", retry: true}
	errNoBackend      = &refusal{status: 503, text: "no backend is available", end: "no_backend", retry: true}
	errAllFull        = &refusal{status: 503, text: "all backends are busy", end: "all_full", retry: true}
	errQueueFull      = &refusal{status: 503, text: "all backends are busy", end: "queue_full", retry: true}
	errQueueTimeout   = &refusal{status: 503, text: "all backends are busy", end: "queue_timeout", retry: true}
	errConnectFailed  = &refusal{status: 502, text: "could not connect to the backend", end: "connect_failed"}
	errConnectTimeout = &refusal{status: 504, text: "could not connect to the backend in time", end: "connect_timeout"}
	errBackendReset   = &refusal{status: 502, text: "the backend closed the connection without an answer", end: "backend_reset"}
	errBackendTimeout = &refusal{status: 504, text: "the backend did not answer in time", end: "backend_timeout"}
	errNoUpgrade      = &refusal{status: 501, text: "the backend takes no WebSockets", end: "bad_request"}
	errBadAnswer      = &refusal{status: 502, text: "the backend's answer is malformed", end: "bad_answer"}
	errBadGateway     = &refusal{status: 502, text: "the backends are failing", end: "backend_error"}
	errUnavailable    = &refusal{status: 503, text: "the backends are unavailable", end: "backend_error", retry: true}
	errGatewayTimeout = &refusal{status: 504, text: "the backends are too slow", end: "backend_error"}
)

func refusalForStatus(status int) *refusal {
	switch status {
	case http.StatusServiceUnavailable:
		return errUnavailable
	case http.StatusGatewayTimeout:
		return errGatewayTimeout
	}
	return errBadGateway
}

// refuse answers, where an answer can be of use, a request whose head could not be read.
func (x *exchange) refuse(err error) {
	r := x.headRefusal(err)
	x.record.end = r.end
	if r.status == 0 {
		x.keepAlive = false
		return
	}
	x.began = x.worker.loop.Now()
	x.worker.stats.requests++
	x.answerError(r)
	x.finishRecord()
}

func (x *exchange) headRefusal(err error) *refusal {
	var malformed *http1.Error
	var known *refusal
	switch {
	case errors.As(err, &malformed):
		return &refusal{status: malformed.Status, text: malformed.Reason, end: "bad_request", closes: true}
	case errors.As(err, &known):
		return known
	case errors.Is(err, loop.ErrTimeout):
		if x.in == nil || x.in.empty() {
			return errClientLeft
		}
		return errSlowHead
	case errors.Is(err, io.EOF):
		return errClientLeft
	}
	return errClientReset
}
