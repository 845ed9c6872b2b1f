package e2e

import (
	"net"
	"testing"
)

func TestProxyHeaderNamesThePort(t *testing.T) {
	t.Parallel()
	backend := NewBackend(t, "a")
	for listener, wanted := range map[string]string{believing: "443", believing + "forwarded: {port: false}": ""} {
		p := Setup{Listener: listener}.Start(t, backend)
		_, own, _ := net.SplitHostPort(p.Addr("web"))
		if wanted == "" {
			own = ""
		}
		for _, c := range []struct{ what, source, header, want string }{
			{"v1", "127.0.0.1", proxyV1("192.0.2.7:1234", "203.0.113.1:443"), wanted},
			{"v2", "127.0.0.1", proxyV2("192.0.2.7:1234", "203.0.113.1:443"), wanted},
			{"v1 of IPv6", "127.0.0.1", proxyV1("[2001:db8::7]:1234", "[2001:db8::1]:443"), wanted},
			{"v1 without a port", "127.0.0.1", proxyV1("192.0.2.7:1234", "203.0.113.1:0"), own},
			{"v1 UNKNOWN", "127.0.0.1", "PROXY UNKNOWN\r\n", own},
			{"v2 LOCAL", "127.0.0.1", v2Header(0x20, 0, ""), own},
			{"no header, from elsewhere", "127.0.0.9", "", own},
		} {
			conn := dialFrom(t, c.source, p.Addr("web"))
			conn.Send(c.header)
			conn.Get("/x")
			if got, _ := backend.Take()[0].Fields.Get("X-Forwarded-Port"); got != c.want {
				t.Errorf("%s: X-Forwarded-Port is %q, want %q", c.what, got, c.want)
			}
		}
	}
}
