package resolve

import (
	"net/netip"
	"os"
	"strings"
)

// hostsFileAddrs returns what the file says of host (hosts(5)); none when it
// cannot be read. Lines that do not parse are skipped.
func hostsFileAddrs(path, host string) []netip.Addr {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	host = strings.TrimSuffix(host, ".")
	var addrs []netip.Addr
	for line := range strings.Lines(string(content)) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 || !namesHost(fields[1:], host) {
			continue
		}
		if ip, err := netip.ParseAddr(fields[0]); err == nil {
			addrs = append(addrs, ip)
		}
	}
	return normalize(addrs)
}

func namesHost(names []string, host string) bool {
	for _, name := range names {
		if strings.EqualFold(strings.TrimSuffix(name, "."), host) {
			return true
		}
	}
	return false
}
