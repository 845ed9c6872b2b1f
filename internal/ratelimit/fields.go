package ratelimit

import (
	"strconv"
	"time"
)

// The fields RateLimit-Policy and RateLimit are those of draft-ietf-httpapi-ratelimit-headers, as of September 2025: lists of structured fields (RFC 9651), an item for each
// policy by its name. Where several limits apply, join their items with ", ".

// AppendPolicy appends the limit's item of the field RateLimit-Policy: "name";q=100;w=10. The window is the time in which the whole burst comes back, in full
// seconds, rounded up: a client that keeps to it is never refused.
func (l RateLimit) AppendPolicy(dst []byte, name string) []byte {
	c := newCells(l)
	dst = append(appendString(dst, name), ";q="...)
	dst = append(appendInteger(dst, c.burst), ";w="...)
	return appendInteger(dst, max(1, seconds(time.Duration(c.burst*c.interval))))
}

// AppendRateLimit appends an item of the field RateLimit: "name";r=5;t=1. A client shall not send more than r requests before t seconds are over.
func (d Decision) AppendRateLimit(dst []byte, name string) []byte {
	dst = append(appendString(dst, name), ";r="...)
	dst = append(appendInteger(dst, int64(d.Remaining)), ";t="...)
	return appendInteger(dst, seconds(d.Reset))
}

// AppendRetryAfter appends the value of the field Retry-After for a refused request, in seconds, rounded up (RFC 9110, section 10.2.3).
func (d Decision) AppendRetryAfter(dst []byte) []byte {
	return strconv.AppendInt(dst, max(1, seconds(d.Reset)), 10)
}

// AppendConcurrencyPolicy appends a concurrency limit's item of the field RateLimit-Policy: "name";q=10;qu="concurrent-requests".
func AppendConcurrencyPolicy(dst []byte, name string, limit int) []byte {
	dst = append(appendString(dst, name), ";q="...)
	return append(appendInteger(dst, int64(max(limit, 0))), `;qu="concurrent-requests"`...)
}

func seconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}

// appendInteger keeps to the range of a structured field's Integer.
func appendInteger(dst []byte, n int64) []byte {
	const most = 999_999_999_999_999
	return strconv.AppendInt(dst, min(n, most), 10)
}

// appendString appends a structured field's String. It replaces what that cannot hold.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c > '~':
			dst = append(dst, '?')
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
