package accesslog

import (
	"net/netip"
	"strconv"
	"time"
)

// stamp writes times, and remembers the text of the second it wrote last.
type stamp struct {
	layout string
	zone   *time.Location
	second int64
	text   []byte
}

func newStamp(f Format) stamp {
	if f == Combined {
		return stamp{layout: "02/Jan/2006:15:04:05 -0700", zone: time.Local}
	}
	return stamp{layout: "2006-01-02T15:04:05", zone: time.UTC}
}

func (s *stamp) append(dst []byte, second int64) []byte {
	if second != s.second || len(s.text) == 0 {
		s.second = second
		s.text = time.Unix(second, 0).In(s.zone).AppendFormat(s.text[:0], s.layout)
	}
	return append(dst, s.text...)
}

func (s *stamp) appendJSON(dst []byte, e *Entry) []byte {
	second, rest := e.Time/1e9, e.Time%1e9
	if rest < 0 {
		second, rest = second-1, rest+1e9
	}
	dst = append(dst, `{"time":"`...)
	dst = s.append(dst, second)
	dst = append(dst, '.')
	dst = appendThree(dst, rest/1e6)
	dst = append(dst, `Z","client":"`...)
	if e.ClientAddr.IsValid() {
		dst = netip.AddrPortFrom(e.ClientAddr.Addr().Unmap().WithZone(""), e.ClientAddr.Port()).AppendTo(dst)
	} else {
		dst = append(dst, "unix:"...)
	}
	dst = append(dst, `","method":`...)
	dst = appendString(dst, e.Method)
	dst = append(dst, `,"host":`...)
	dst = appendString(dst, e.Host)
	dst = append(dst, `,"target":`...)
	dst = appendString(dst, e.Target)
	dst = append(dst, `,"protocol":"`...)
	dst = appendProtocol(dst, e)
	dst = append(dst, `","status":`...)
	dst = strconv.AppendInt(dst, int64(e.Status), 10)
	dst = append(dst, `,"bytes_in":`...)
	dst = strconv.AppendInt(dst, e.BytesIn, 10)
	dst = append(dst, `,"bytes_out":`...)
	dst = strconv.AppendInt(dst, e.BytesOut, 10)
	dst = append(dst, `,"referer":`...)
	dst = appendString(dst, e.Referer)
	dst = append(dst, `,"user_agent":`...)
	dst = appendString(dst, e.UserAgent)
	dst = append(dst, `,"request_id":`...)
	dst = appendString(dst, e.RequestID)
	dst = append(dst, `,"listener":`...)
	dst = appendString(dst, e.Listener)
	dst = append(dst, `,"route":`...)
	dst = appendString(dst, e.Route)
	dst = append(dst, `,"pool":`...)
	dst = appendString(dst, e.Pool)
	dst = append(dst, `,"backend":`...)
	dst = appendString(dst, e.Backend)
	dst = append(dst, `,"region":`...)
	dst = appendString(dst, e.Region)
	dst = append(dst, `,"reason":`...)
	dst = appendString(dst, e.Reason)
	dst = append(dst, `,"attempts":`...)
	dst = strconv.AppendInt(dst, int64(e.Attempts), 10)
	dst = append(dst, `,"queue_ms":`...)
	dst = appendMillis(dst, e.Queue)
	dst = append(dst, `,"connect_ms":`...)
	dst = appendMillis(dst, e.Connect)
	dst = append(dst, `,"first_byte_ms":`...)
	dst = appendMillis(dst, e.FirstByte)
	dst = append(dst, `,"total_ms":`...)
	dst = appendMillis(dst, e.Total)
	dst = append(dst, `,"end":`...)
	dst = appendString(dst, e.End)
	return append(dst, "}\n"...)
}

// appendCombined writes
//
//	$remote_addr - - [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"
//
// in nginx's words.
func (s *stamp) appendCombined(dst []byte, e *Entry) []byte {
	if e.ClientAddr.IsValid() {
		dst = e.ClientAddr.Addr().Unmap().WithZone("").AppendTo(dst)
	} else {
		dst = append(dst, "unix:"...)
	}
	dst = append(dst, " - - ["...)
	dst = s.append(dst, e.Time/1e9)
	dst = append(dst, `] "`...)
	if len(e.Method) > 0 {
		dst = appendEscaped(dst, e.Method)
		dst = append(dst, ' ')
		dst = appendEscaped(dst, e.Target)
		dst = append(dst, ' ')
		dst = appendProtocol(dst, e)
	} else {
		dst = append(dst, '-')
	}
	dst = append(dst, `" `...)
	if e.Status < 100 {
		dst = appendThree(dst, int64(max(e.Status, 0)))
	} else {
		dst = strconv.AppendInt(dst, int64(e.Status), 10)
	}
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, e.BytesOut, 10)
	dst = append(dst, ` "`...)
	dst = appendOrDash(dst, e.Referer)
	dst = append(dst, `" "`...)
	dst = appendOrDash(dst, e.UserAgent)
	return append(dst, "\"\n"...)
}

func appendOrDash(dst, s []byte) []byte {
	if len(s) == 0 {
		return append(dst, '-')
	}
	return appendEscaped(dst, s)
}

// appendProtocol appends nothing where no request was read.
func appendProtocol(dst []byte, e *Entry) []byte {
	if len(e.Method) == 0 {
		return dst
	}
	dst = append(dst, "HTTP/"...)
	dst = strconv.AppendUint(dst, uint64(max(e.Major, 1)), 10)
	dst = append(dst, '.')
	return strconv.AppendUint(dst, uint64(e.Minor), 10)
}

// appendMillis appends nanoseconds as milliseconds with three decimals.
func appendMillis(dst []byte, ns int64) []byte {
	if ns < 0 {
		return append(dst, "null"...)
	}
	us := ns / 1e3
	dst = strconv.AppendInt(dst, us/1e3, 10)
	dst = append(dst, '.')
	return appendThree(dst, us%1e3)
}

func appendThree(dst []byte, n int64) []byte {
	return append(dst, byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
}
