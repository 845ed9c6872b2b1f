package http1

// FieldID names the fields that a proxy has to know.
type FieldID uint8

// The known fields.
const (
	Unknown FieldID = iota
	Host
	Connection
	ContentLength
	TransferEncoding
	TE
	Trailer
	Upgrade
	KeepAlive
	ProxyConnection
	ProxyAuthenticate
	ProxyAuthorization
	HTTP2Settings
	Expect
	XForwardedFor
	XForwardedProto
	XForwardedHost
	XForwardedPort
	XRealIP
	XRequestID
	XClientCert // any name that begins with X-Client-Cert
	Forwarded
	Via
	Cookie
	SetCookie
	Authorization
	ContentType
	ContentEncoding
	ContentRange
	Referer
	UserAgent
	Date
	Server
	Location
	RetryAfter
)

var fieldNames = map[string]FieldID{
	"host": Host, "connection": Connection, "content-length": ContentLength, "transfer-encoding": TransferEncoding,
	"te": TE, "trailer": Trailer, "upgrade": Upgrade, "keep-alive": KeepAlive, "proxy-connection": ProxyConnection,
	"proxy-authenticate": ProxyAuthenticate, "proxy-authorization": ProxyAuthorization, "http2-settings": HTTP2Settings,
	"expect": Expect, "x-forwarded-for": XForwardedFor, "x-forwarded-proto": XForwardedProto, "x-forwarded-host": XForwardedHost,
	"x-forwarded-port": XForwardedPort, "x-real-ip": XRealIP, "x-request-id": XRequestID, "forwarded": Forwarded, "via": Via,
	"cookie": Cookie, "set-cookie": SetCookie, "authorization": Authorization, "content-type": ContentType,
	"content-encoding": ContentEncoding, "content-range": ContentRange, "referer": Referer, "user-agent": UserAgent,
	"date": Date, "server": Server, "location": Location, "retry-after": RetryAfter,
}

const (
	longestName    = 19 // of the known ones
	clientCertName = "x-client-cert"
)

// knownNames lists the known fields by the length of their names.
var knownNames = func() (byLength [longestName + 1][]knownName) {
	for name, id := range fieldNames {
		byLength[len(name)] = append(byLength[len(name)], knownName{name, id})
	}
	return byLength
}()

type knownName struct {
	name string
	id   FieldID
}

// fieldID finds a name among the known ones. lookAlike is true when it would be
// one of them if its underscores were hyphens: servers are known to treat the two alike.
func fieldID(name []byte) (id FieldID, lookAlike bool) {
	if len(name) > longestName || len(name) > len(clientCertName) {
		if len(name) >= len(clientCertName) {
			if same, like := alike(name[:len(clientCertName)], clientCertName); same {
				return XClientCert, like
			}
		}
		if len(name) > longestName {
			return Unknown, false
		}
	}
	for i := range knownNames[len(name)] {
		known := &knownNames[len(name)][i]
		if name[0]|0x20 != known.name[0] {
			continue
		}
		if same, like := alike(name, known.name); same {
			return known.id, like
		}
	}
	if len(name) == len(clientCertName) {
		if same, like := alike(name, clientCertName); same {
			return XClientCert, like
		}
	}
	return Unknown, false
}

// alike compares a token with a name in lower case, taking underscores for hyphens.
func alike(name []byte, lower string) (same, underscores bool) {
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c == lower[i] {
			continue
		}
		if c != '_' || lower[i] != '-' {
			return false, false
		}
		underscores = true
	}
	return true, underscores
}

// hopByHop holds for the fields that concern one connection only (RFC 9110 7.6.1).
func (id FieldID) hopByHop() bool {
	switch id {
	case Connection, TE, Upgrade, KeepAlive, ProxyConnection, HTTP2Settings:
		return true
	}
	return false
}

// nominable tells whether Connection may name the field as one that ends here.
// It may not take away what frames or routes the message, what a proxy says of
// its client, nor what proves who the client is.
func (id FieldID) nominable() bool {
	switch id {
	case Host, ContentLength, TransferEncoding, Expect, Cookie, SetCookie, Authorization, ContentType, ContentEncoding, ContentRange, Date,
		XForwardedFor, XForwardedProto, XForwardedHost, XForwardedPort, XRealIP, XRequestID, XClientCert, Forwarded, Via:
		return false
	}
	return true
}
