//go:build linux

package main

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serveTLS answers every request with the bench's certificate and the given settings.
func serveTLS(t *testing.T, config *tls.Config) (address, certificate string) {
	t.Helper()
	certificate, key, err := makeCertificate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	config.Certificates = []tls.Certificate{pair}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("hello"))
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String(), certificate
}

func TestHandshakes(t *testing.T) {
	for name, c := range map[string]struct {
		server  *tls.Config
		resumed bool
		want    string // in the error
	}{
		"full":                      {server: &tls.Config{}},
		"resumed":                   {server: &tls.Config{}, resumed: true},
		"full, without tickets":     {server: &tls.Config{SessionTicketsDisabled: true}},
		"nothing to resume":         {server: &tls.Config{SessionTicketsDisabled: true}, resumed: true, want: "connection 2: resumed: false, not true"},
		"no version in common":      {server: &tls.Config{MaxVersion: tls.VersionTLS12}, want: "connection 1: remote error: tls: protocol version"},
		"no key exchange in common": {server: &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP256}}, want: "connection 1: remote error: tls: handshake failure"},
	} {
		t.Run(name, func(t *testing.T) {
			address, certificate := serveTLS(t, c.server)
			order := handshakeOrder{Address: address, Certificate: certificate, Clients: 2, Resumed: c.resumed, Duration: 100 * time.Millisecond}
			if c.want != "" {
				order.Duration = time.Minute // the failure comes first
			}
			got, err := order.carryOut()
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got error %v, want one with %q", err, c.want)
				}
				return
			}
			if err != nil || got.Connections < 2 || got.P99 <= 0 || got.Elapsed < order.Duration {
				t.Errorf("got %+v and %v", got, err)
			}
		})
	}
}

func TestCheckTLS(t *testing.T) {
	good := tls.ConnectionState{Version: tlsVersion, CipherSuite: tlsCipher, CurveID: tlsCurve}
	if err := checkTLS(&good); err != nil {
		t.Error(err)
	}
	old, other, hybrid := good, good, good
	old.Version, other.CipherSuite, hybrid.CurveID = tls.VersionTLS12, tls.TLS_AES_256_GCM_SHA384, tls.X25519MLKEM768
	for want, state := range map[string]*tls.ConnectionState{
		"answers without TLS":    nil,
		"TLS 1.2":                &old,
		"TLS_AES_256_GCM_SHA384": &other,
		"X25519MLKEM768":         &hybrid,
	} {
		if err := checkTLS(state); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}
