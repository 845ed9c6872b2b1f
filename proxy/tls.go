package proxy

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math"
	"strings"
	"time"

	"spillway/internal/config"
	"spillway/internal/tlsconn"
)

// A listenerTLS is how a listener ends its clients' TLS. It is immutable; the
// keys of session tickets in it rotate by themselves.
type listenerTLS struct {
	config           *tls.Config
	certificates     *tlsconn.Certificates
	handshakeTimeout int64 // nanoseconds; 0: none
	ticketScope      string
}

// startTLS takes the server's part in a handshake, and goes on with the protocol
// that comes of it. False: there is no request to be read, or not yet.
func (x *exchange) startTLS() bool {
	cl := x.client
	stats := x.worker.listenerStats(cl.listener)
	var preread []byte
	if x.in != nil {
		preread = bytes.Clone(x.in.unread())
		x.in.clear()
	}
	transport, ok := cl.conn.(tlsconn.Transport)
	if !ok {
		return x.openingFailed()
	}
	conn := x.worker.tls.Server(transport, x.settings.tls.config, preread)
	cl.conn, cl.secure = conn, true
	began := x.worker.loop.Now()
	if err := conn.Handshake(x.task, deadlineAfter(began, x.settings.tls.handshakeTimeout)); err != nil {
		x.worker.server.log.Debug("TLS handshake failed", "listener", x.settings.name, "client", cl.remoteAddr(), "error", err)
		if err != io.EOF { // a port scan or a health check by mere connection
			stats.handshakesFailed++
		}
		return x.openingFailed()
	}
	state := conn.State()
	stats.handshakes++
	if state.DidResume {
		stats.handshakesResumed++
	}
	cl.noteTLS(&state)
	if state.NegotiatedProtocol == tlsconn.HTTP2 {
		return x.startHTTP2()
	}
	cl.opened = true
	// Clients connect ahead of their need: until one asks it costs no task, and it
	// may not take longer than one that has just been accepted.
	if cl.rest(x.settings.headTimeout) {
		x.client = nil
		return false
	}
	return true
}

// noteTLS keeps what requests will need to know of the handshake.
func (cl *client) noteTLS(state *tls.ConnectionState) {
	o := origin{}
	if cl.origin != nil {
		o = *cl.origin
	}
	o.serverName = state.ServerName
	if len(state.VerifiedChains) > 0 {
		o.certificate = certificateLines(state.PeerCertificates[0])
		for _, name := range state.PeerCertificates[0].DNSNames {
			o.names = append(o.names, strings.ToLower(name))
		}
		cl.trustedBy = nil
	}
	if cl.origin != nil || o.certificate != nil {
		cl.origin = &o
	}
}

// certificateLines are the fields that tell backends who a client is. Nothing in
// a certificate can end a line or forge a field.
func certificateLines(c *x509.Certificate) []byte {
	var lines []byte
	add := func(name, value string) {
		if value = strings.Map(printable, value); value != "" {
			lines = append(lines, "X-Client-Cert-"+name+": "+value+"\r\n"...)
		}
	}
	add("Subject", c.Subject.String())
	add("Issuer", c.Issuer.String())
	add("Serial", c.SerialNumber.Text(16))
	add("Not-After", c.NotAfter.UTC().Format("2006-01-02T15:04:05Z"))
	add("DNS", strings.Join(c.DNSNames, ","))
	var uris []string
	for _, u := range c.URIs {
		uris = append(uris, u.String())
	}
	add("URI", strings.Join(uris, ","))
	sum := sha256.Sum256(c.Raw)
	add("Fingerprint", hex.EncodeToString(sum[:]))
	return lines
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// newListenerTLS is what a listener's configuration makes of TLS; nil: nothing.
func newListenerTLS(c *config.Listener, keys *tlsconn.TicketKeys) (*listenerTLS, error) {
	if c.TLS == nil {
		return nil, nil
	}
	list := make([]tls.Certificate, len(c.TLS.Certificates))
	for i := range c.TLS.Certificates {
		list[i] = c.TLS.Certificates[i].TLS
	}
	certificates, err := tlsconn.NewCertificates(list)
	if err != nil {
		return nil, err
	}
	protocols := []string{tlsconn.HTTP2, tlsconn.HTTP1}
	if c.HTTP2 == nil {
		protocols = protocols[1:]
	}
	t := &listenerTLS{
		certificates:     certificates,
		handshakeTimeout: int64(c.TLS.HandshakeTimeout),
		config: tlsconn.ServerConfig(tlsconn.ServerOptions{
			Certificates:  certificates,
			MinVersion:    c.TLS.MinVersion,
			Protocols:     protocols,
			ClientCAs:     c.TLS.ClientCAs,
			ClientMayOmit: c.TLS.ClientAuth == config.ClientAuthOptional,
		}),
		ticketScope: c.Name + " " + c.TLS.ClientCAFile,
	}
	return t, keys.Apply(t.config, t.ticketScope)
}

// limitHandshakes sets how many handshakes may be under way on each loop: as many
// as the most generous listener allows.
func (s *Server) limitHandshakes(c *config.Config) {
	most := 0
	for i := range c.Listeners {
		if t := c.Listeners[i].TLS; t != nil {
			if t.MaxHandshakes == 0 {
				most = math.MaxInt
			}
			most = max(most, t.MaxHandshakes)
		}
	}
	if most == 0 {
		return
	}
	for _, w := range s.workers {
		w.loop.Post(func() { w.tls.Handshakes.Max = most })
	}
}

// ticketCheck is how often it is seen whether session tickets want a new key.
const ticketCheck = int64(10 * time.Minute)

// rotateTickets gives every listener the new key when it is time for one. It
// runs on the first loop.
func (s *Server) rotateTickets(now int64) {
	s.ticketTimer.Set(now + ticketCheck)
	if !s.ticketKeys.Rotate(now) {
		return
	}
	go func() { // the lock may be held for as long as a reload resolves names
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, ln := range s.listeners {
			if t := ln.settings.Load().tls; t != nil {
				_ = s.ticketKeys.Apply(t.config, t.ticketScope)
			}
		}
	}()
}
