package proxy

import (
	"testing"

	"spillway/internal/config"
)

func TestTrustedNames(t *testing.T) {
	s := &listenerSettings{config: &config.Listener{TLS: &config.ServerTLS{TrustedNames: []string{"edge.example.com", "*.internal"}}}}
	for name, want := range map[string]bool{
		"edge.example.com": true, "a.internal": true, "a.b.internal": true,
		"internal": false, "xinternal": false, "www.example.com": false, "": false,
	} {
		if s.trustsNames([]string{"other", name}) != want {
			t.Errorf("%q: trusted is %v", name, !want)
		}
	}
	if s.trustsNames(nil) || (&listenerSettings{config: &config.Listener{}}).trustsNames([]string{"edge.example.com"}) {
		t.Error("a client without a certificate, or of a listener without TLS, is trusted by its name")
	}
}
