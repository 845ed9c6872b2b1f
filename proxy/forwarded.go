package proxy

import (
	"bytes"
	"net/netip"
	"strconv"

	"spillway/internal/http1"
)

// forwardedFields is which forwarding fields a listener sets; see config.Forwarded.
type forwardedFields struct {
	forr, proto, host, port, realIP, requestID bool
	ownPort                                    uint16 // the listener's; 0: it has none
	via                                        []byte // the line
}

// keepsForwarded tells whether a forwarding field that the client sent stays as
// it is: only what a trusted peer sent and this listener does not set itself.
func (x *exchange) keepsForwarded(id http1.FieldID) bool {
	if !x.client.trusts(x.settings) {
		return false
	}
	set := &x.settings.forwarded
	switch id {
	case http1.XForwardedFor:
		return !set.forr
	case http1.XRealIP:
		return !set.realIP
	case http1.XClientCert, http1.SpillwayOrigin:
		return false
	}
	return true
}

// appendForwarded adds the forwarding fields. Those that describe the client's
// request are the trusted peer's where it sent them.
func (x *exchange) appendForwarded() {
	set := &x.settings.forwarded
	trusted := x.client.trusts(x.settings)
	peer := x.client.peer()
	if set.forr && (peer.IsValid() || trusted) {
		x.appendForwardedFor(peer, trusted)
	}
	if set.realIP {
		if ip := x.clientIP(); ip.IsValid() {
			x.scratch = append(x.scratch, "X-Real-IP: "...)
			x.scratch = ip.AppendTo(x.scratch)
			x.scratch = append(x.scratch, "\r\n"...)
		}
	}
	if set.proto && !(trusted && x.request.Get(http1.XForwardedProto) != nil) {
		x.scratch = append(x.scratch, "X-Forwarded-Proto: "...)
		x.scratch = append(x.scratch, x.client.scheme()...)
		x.scratch = append(x.scratch, "\r\n"...)
	}
	if set.host && !(trusted && x.request.Get(http1.XForwardedHost) != nil) && len(x.request.Host) > 0 {
		x.appendField("X-Forwarded-Host: ", x.request.Host)
	}
	if set.port && !(trusted && x.request.Get(http1.XForwardedPort) != nil) {
		x.appendForwardedPort(set.ownPort)
	}
	if set.requestID && !(trusted && x.request.Get(http1.XRequestID) != nil) {
		x.scratch = append(x.scratch, "X-Request-ID: "...)
		x.scratch = appendHex(x.scratch, x.record.requestID[0])
		x.scratch = appendHex(x.scratch, x.record.requestID[1])
		x.scratch = append(x.scratch, "\r\n"...)
	}
	if o := x.client.origin; o != nil {
		x.scratch = append(x.scratch, o.certificate...)
	}
	x.scratch = append(x.scratch, set.via...)
}

func (x *exchange) appendForwardedFor(peer netip.Addr, trusted bool) {
	x.scratch = append(x.scratch, "X-Forwarded-For: "...)
	first := true
	if trusted {
		for i := range x.request.Fields {
			if f := &x.request.Fields[i]; f.ID == http1.XForwardedFor && len(f.Value) > 0 {
				if !first {
					x.scratch = append(x.scratch, ", "...)
				}
				x.scratch = append(x.scratch, f.Value...)
				first = false
			}
		}
	}
	if peer.IsValid() {
		if !first {
			x.scratch = append(x.scratch, ", "...)
		}
		x.scratch = peer.AppendTo(x.scratch)
	}
	x.scratch = append(x.scratch, "\r\n"...)
}

// appendForwardedPort tells the port that the client connected to: the one that a
// proxy in front named, else the listener's own.
func (x *exchange) appendForwardedPort(own uint16) {
	port := own
	if o := x.client.origin; o != nil && o.local.Port() != 0 {
		port = o.local.Port()
	}
	if port == 0 {
		return
	}
	x.scratch = append(x.scratch, "X-Forwarded-Port: "...)
	x.scratch = strconv.AppendUint(x.scratch, uint64(port), 10)
	x.scratch = append(x.scratch, "\r\n"...)
}

// clientIP is the address of the client: the peer's, or, as far as peers are
// trusted, the nearest one in X-Forwarded-For that is not.
func (x *exchange) clientIP() netip.Addr {
	ip := x.client.peer()
	if !x.client.trusts(x.settings) {
		return ip
	}
	for i := len(x.request.Fields) - 1; i >= 0; i-- {
		f := &x.request.Fields[i]
		if f.ID != http1.XForwardedFor {
			continue
		}
		for rest := f.Value; len(rest) > 0; {
			cut := bytes.LastIndexByte(rest, ',')
			hop, ok := parseHop(rest[cut+1:])
			if !ok {
				return ip
			}
			ip = hop
			if !x.settings.trusts(ip) {
				return ip
			}
			rest = rest[:max(cut, 0)]
		}
	}
	return ip
}

// parseHop reads one element of X-Forwarded-For; some write a port with it.
func parseHop(s []byte) (netip.Addr, bool) {
	text := string(bytes.Trim(s, " \t"))
	if ip, err := netip.ParseAddr(text); err == nil {
		return ip.Unmap(), true
	}
	if ip, err := netip.ParseAddrPort(text); err == nil {
		return ip.Addr().Unmap(), true
	}
	return netip.Addr{}, false
}

const hexDigits = "0123456789abcdef"

// appendHex appends 16 hex digits.
func appendHex(dst []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[v>>shift&15])
	}
	return dst
}

// parseHex reads what appendHex wrote.
func parseHex(p []byte) (uint64, bool) {
	if len(p) != 16 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(p), 16, 64)
	return v, err == nil
}
