package admin

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// ServeHTTP answers unless the request may have been made by a foreign web page.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if why := s.foreign(r); why != "" {
		fail(w, http.StatusForbidden, why)
		return
	}
	s.handler.ServeHTTP(w, r)
}

// foreign says why a request is refused; empty: it is not. Browsers say with each
// request which name the page's author used for this server, and nearly always
// where the page is from (Fetch Metadata; RFC 6454 section 7). Other clients say
// the first only, and may leave it out with HTTP/1.0.
func (s *Server) foreign(r *http.Request) string {
	if r.Host != "" && !s.isOwnName(r, plainHost(r.Host)) {
		return "this Host is not a name of the admin address; use an IP address or localhost"
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return "requests from pages of other sites are refused"
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return "requests from pages of other origins are refused"
		}
	}
	return ""
}

// isOwnName tells whether a host is one that nobody else's DNS can lend: a
// name of the loopback, the configured address, or the very address that the
// connection came to.
func (s *Server) isOwnName(r *http.Request, host string) bool {
	if host == "localhost" {
		return true
	}
	s.mu.Lock()
	configured := slices.Contains(s.names, host)
	s.mu.Unlock()
	if configured {
		return host != "" // an address without a host has none to lend
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if ip.Unmap().IsLoopback() {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.AddrPort().Addr().Unmap().WithZone("") == ip.Unmap().WithZone("")
}

// plainHost is a host without port, brackets, final dot and capitals.
func plainHost(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil && isNumber(port) {
		host = name
	} else if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isNumber tells it of an empty port, too.
func isNumber(port string) bool { return strings.Trim(port, "0123456789") == "" }

func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
