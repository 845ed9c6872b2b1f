package tlsconn

import (
	"crypto/tls"
	"crypto/x509"
)

// curves are the key exchanges on offer. crypto/tls has its own order of preference.
var curves = []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256}

// Protocols of ALPN (RFC 7301, RFC 9113 3.2).
const (
	HTTP2 = "h2"
	HTTP1 = "http/1.1"
)

// ServerOptions are what a listener's TLS is made of.
type ServerOptions struct {
	Certificates *Certificates
	MinVersion   uint16         // 0: TLS 1.2
	Protocols    []string       // for ALPN, the preferred first; nil: none
	ClientCAs    *x509.CertPool // nil: clients are not asked for a certificate
	// ClientMayOmit lets clients without a certificate in; one that is sent is verified.
	ClientMayOmit bool
}

// ServerConfig makes a server's config. It is for every connection of a
// listener, and gets its ticket keys by [TicketKeys.Apply].
func ServerConfig(o ServerOptions) *tls.Config {
	config := newConfig(o.MinVersion, o.Protocols)
	config.GetCertificate = o.Certificates.Choose
	if o.ClientCAs != nil {
		config.ClientCAs = o.ClientCAs
		config.ClientAuth = tls.RequireAndVerifyClientCert
		if o.ClientMayOmit {
			config.ClientAuth = tls.VerifyClientCertIfGiven
		}
	}
	return config
}

// ClientOptions are what TLS to a backend is made of.
type ClientOptions struct {
	// ServerName is what the backend's certificate must be for: a host name, which
	// is also sent, or an IP address, which is not (RFC 6066 3).
	ServerName  string
	RootCAs     *x509.CertPool   // nil: the system's
	Certificate *tls.Certificate // this side's own; nil: none
	MinVersion  uint16           // 0: TLS 1.2
	Protocols   []string         // for ALPN; nil: none
}

// sessionsKept is how many sessions of one backend are kept to be resumed.
const sessionsKept = 8

// ClientConfig makes a config for connections to one backend. Its sessions are
// resumed only there: another backend of the same name could not read the tickets.
func ClientConfig(o ClientOptions) *tls.Config {
	config := newConfig(o.MinVersion, o.Protocols)
	config.ServerName = o.ServerName
	config.RootCAs = o.RootCAs
	if o.Certificate != nil {
		config.Certificates = []tls.Certificate{*o.Certificate}
	}
	config.ClientSessionCache = tls.NewLRUClientSessionCache(sessionsKept)
	return config
}

func newConfig(minVersion uint16, protocols []string) *tls.Config {
	if minVersion == 0 {
		minVersion = tls.VersionTLS12
	}
	return &tls.Config{
		MinVersion:       minVersion,
		NextProtos:       protocols,
		CurvePreferences: curves,
		// A record grows to 16 KiB at once: a proxy forwards what it has.
		DynamicRecordSizingDisabled: true,
	}
}
