package resolve

import "strings"

// maxName is the longest name in presentation form, without its trailing dot
// (RFC 1035, section 2.3.4).
const maxName = 253

// isHostName tells whether host may be asked for: letters, digits, hyphens and
// underscores in labels of 1 to 63 bytes. The form of an internationalized name
// is its A-label.
func isHostName(host string) bool {
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > maxName {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notInLabel) {
			return false
		}
	}
	return true
}

func notInLabel(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
}

func isLocalhost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// candidates lists the absolute names that host may stand for, in the order in
// which to ask for them (resolv.conf(5), ndots and search).
func candidates(host string, ndots int, search []string) []string {
	if strings.HasSuffix(host, ".") {
		return []string{host}
	}
	asIs := host + "."
	var names []string
	for _, domain := range search {
		if domain = strings.Trim(domain, "."); domain == "" || len(host)+1+len(domain) > maxName {
			continue
		}
		names = append(names, asIs+domain+".")
	}
	if strings.Count(host, ".") >= ndots {
		return append([]string{asIs}, names...)
	}
	return append(names, asIs)
}
