package proxy

import (
	"bytes"
	"strconv"
	"time"

	"spillway/internal/http1"
)

// gRPC calls are HTTP/2 requests of this content type, or one that goes on with
// + or ; (gRPC over HTTP/2, "Requests").
var grpcContentType = []byte("application/grpc")

func isGRPC(contentType []byte) bool {
	rest, ok := bytes.CutPrefix(contentType, grpcContentType)
	return ok && (len(rest) == 0 || rest[0] == '+' || rest[0] == ';')
}

// noteGRPC finds out whether the request is a gRPC call, and how long its client waits.
func (x *exchange) noteGRPC() {
	f := x.request.Get(http1.ContentType)
	if f == nil || !isGRPC(f.Value) {
		return
	}
	x.grpc = true
	if value, ok := x.request.GetName("grpc-timeout"); ok {
		if d, ok := parseGRPCTimeout(value); ok {
			x.patience = int64(d)
		}
	}
}

// parseGRPCTimeout reads up to eight digits and a unit. What is beyond the range
// of a duration is as much as it holds, and no time at all the least that ends.
func parseGRPCTimeout(p []byte) (time.Duration, bool) {
	if len(p) < 2 || len(p) > 9 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p[:len(p)-1]), 10, 32)
	if err != nil {
		return 0, false
	}
	unit := grpcUnit(p[len(p)-1])
	if unit == 0 {
		return 0, false
	}
	return max(1, unit*time.Duration(min(n, uint64(longestPatience/unit)))), true
}

// longestPatience leaves room to be added to a time.
const longestPatience = 100 * 365 * 24 * time.Hour

func grpcUnit(letter byte) time.Duration {
	switch letter {
	case 'H':
		return time.Hour
	case 'M':
		return time.Minute
	case 'S':
		return time.Second
	case 'm':
		return time.Millisecond
	case 'u':
		return time.Microsecond
	case 'n':
		return time.Nanosecond
	}
	return 0
}

// The statuses of gRPC that spillway itself answers with.
const (
	grpcDeadlineExceeded = 4
	grpcUnimplemented    = 12
	grpcInternal         = 13
	grpcUnavailable      = 14
)

// grpcStatus is what a status of HTTP is to a caller of gRPC (gRPC's "HTTP to
// gRPC Status Code Mapping"). A deadline that has passed is told as such, also
// where the backend, which knows it too, was the first to give up.
func (x *exchange) grpcStatus(r *refusal) int {
	switch {
	case r == errBackendTimeout, x.outOfTime():
		return grpcDeadlineExceeded
	case r.status == 404:
		return grpcUnimplemented
	case r.status >= 500 && r.status != 501, r.status == 429:
		return grpcUnavailable
	}
	return grpcInternal
}

// answerGRPC refuses a gRPC call in the only way that its caller understands:
// with trailers alone.
func (x *exchange) answerGRPC(r *refusal) {
	x.beginAnswer(200)
	x.scratch = append(x.scratch, "Content-Type: application/grpc\r\nGrpc-Status: "...)
	x.scratch = strconv.AppendInt(x.scratch, int64(x.grpcStatus(r)), 10)
	x.scratch = append(x.scratch, "\r\n"...)
	x.appendField("Grpc-Message: ", []byte(r.text))
	x.scratch = append(x.scratch, "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"...)
	x.sendAnswer()
}

// refusedByGRPC tells whether the answer says that the call was not served: the
// backend is unavailable and sent no message before it said so.
func (x *exchange) refusedByGRPC() bool {
	if !x.grpc || !x.target.retries.unavailable {
		return false
	}
	value, ok := x.response.GetName("grpc-status")
	return ok && string(value) == "14"
}
