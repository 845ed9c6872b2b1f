package config

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// ServerTLS is how a listener ends its clients' TLS.
type ServerTLS struct {
	Certificates     []Certificate // at least one; chosen by SNI, the first where none fits, for ListenerHTTPS
	ClientCAFile     string        // absolute; empty: clients are not asked for certificates
	ClientCAs        *x509.CertPool
	ClientAuth       ClientAuth
	MinVersion       uint16        // tls.VersionTLS12 or tls.VersionTLS13
	HandshakeTimeout time.Duration // from the first byte to the last of the handshake; 0: no limit
	// TrustedNames are host names, exact or *.wildcards: a client whose verified certificate has one of them is
	// believed like one of TrustedProxies.
	TrustedNames  []string
	MaxHandshakes int // at once on each loop; 0: no limit
}

// ClientAuth is whether clients have to have a certificate.
type ClientAuth string

// The values of ClientAuth. One that is given is always verified.
const (
	ClientAuthNone     ClientAuth = ""         // they are not asked, ClientCAs is nil
	ClientAuthRequire  ClientAuth = "require"  // no certificate, no connection
	ClientAuthOptional ClientAuth = "optional" // they may do without
)

// Certificate is a certificate with its key, which belongs to it.
type Certificate struct {
	CertFile string          // absolute
	KeyFile  string          // absolute
	TLS      tls.Certificate // with Leaf
}

// BackendTLS is how a pool speaks TLS to its backends.
type BackendTLS struct {
	CAFile             string         // absolute; empty: the system's
	CAs                *x509.CertPool // nil: the system's
	ServerName         string         // SNI, and what the certificate has to be for; empty: the host of the backend's address
	Certificate        *Certificate   // for backends that ask for one; nil: none
	InsecureSkipVerify bool           // any certificate will do
}
