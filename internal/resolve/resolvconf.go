package resolve

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// A config is what one lookup needs to know of resolv.conf.
type config struct {
	servers  []string
	search   []string
	ndots    int
	timeout  time.Duration
	attempts int
}

// The upper bounds of resolv.conf's options are glibc's.
const (
	maxTimeout  = 30 * time.Second
	maxAttempts = 5
)

// config merges resolv.conf and the resolver's own fields. ok is false when
// neither names a server.
func (r *Resolver) config() (conf config, ok bool) {
	conf = config{servers: r.Servers, ndots: 1, timeout: 5 * time.Second, attempts: 2}
	if file, err := dns.ClientConfigFromFile(r.ResolvConf); err == nil {
		conf.search = file.Search
		if len(conf.search) == 0 {
			conf.search = hostDomain()
		}
		conf.ndots = file.Ndots
		conf.timeout = min(time.Duration(file.Timeout)*time.Second, maxTimeout)
		conf.attempts = min(file.Attempts, maxAttempts)
		if len(conf.servers) == 0 {
			for _, server := range file.Servers {
				if _, err := netip.ParseAddr(server); err == nil {
					conf.servers = append(conf.servers, net.JoinHostPort(server, file.Port))
				}
			}
		}
	}
	if r.Timeout > 0 {
		conf.timeout = r.Timeout
	}
	if r.Attempts > 0 {
		conf.attempts = r.Attempts
	}
	return conf, len(conf.servers) > 0
}

// hostDomain is the search list of a resolv.conf that gives none.
func hostDomain() []string {
	name, err := os.Hostname()
	if err != nil {
		return nil
	}
	if _, domain, ok := strings.Cut(name, "."); ok {
		return []string{domain}
	}
	return nil
}
