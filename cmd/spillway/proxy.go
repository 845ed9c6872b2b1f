package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"spillway/balancer"
	"spillway/internal/config"
)

const proxyHelp = `
Usage: spillway proxy --to ADDRESS[,ADDRESS...] [--from ADDRESS] [--policy POLICY] [--admin ADDRESS]

Balances without a configuration file: from one address over some backends,
each of which is checked by connecting to it.

Example: spillway proxy --from :8080 --to 127.0.0.1:9001,127.0.0.1:9002
`

const policies = "least_conn, p2c, round_robin, random,\npeak_ewma or consistent_hash (of the client's address)"

func proxyCommand(c *console, args []string) error {
	f := newFlags(c, "proxy", proxyHelp)
	from := f.String("from", ":8080", "the `address` to listen on, host:port or unix:/path")
	var to []string
	f.Func("to", "the `addresses` of the backends, with commas between them; may be repeated", func(list string) error {
		for address := range strings.SplitSeq(list, ",") {
			to = append(to, strings.TrimSpace(address))
		}
		return nil
	})
	policy := f.String("policy", string(config.LeastConn), "the `policy` by which a backend is chosen: "+policies)
	admin := f.String("admin", "", "the admin `address`, host:port or unix:/path; none if empty")
	if err := parse(c, f, args); err != nil {
		return err
	}
	if len(to) == 0 {
		fmt.Fprintln(c.err, "spillway: --to is missing: where shall requests go? See 'spillway proxy --help'")
		return errUsage
	}
	settings, err := config.ForAddresses(*from, to)
	if err != nil {
		return err
	}
	pool := &settings.Pools[0]
	if err := setPolicy(pool, *policy); err != nil {
		return err
	}
	if settings.Admin.Address, err = adminAddressOf(*admin); err != nil {
		return err
	}
	r := &runner{console: c}
	return explainTaken(r.run(settings, false), *from, "--from")
}

func setPolicy(pool *config.Pool, policy string) error {
	if _, known := balancer.ParsePolicy(policy); !known {
		return fmt.Errorf("--policy: there is no policy %q; want %s", policy, strings.ReplaceAll(policies, "\n", " "))
	}
	pool.Policy = config.Policy(policy)
	if pool.Policy == config.ConsistentHash {
		pool.HashOn = []config.HashKey{{Source: config.HashClientIP}}
	}
	return nil
}

// adminAddressOf reads the --admin of an instance without a file.
func adminAddressOf(text string) (config.Address, error) {
	address := config.Address(text)
	_, isUnix := address.UnixPath()
	if _, _, isHostPort := address.HostPort(); text != "" && !isUnix && !isHostPort {
		return "", fmt.Errorf("--admin: %q is no address; use host:port or unix:/path", text)
	}
	return address, nil
}

// explainTaken says which flag moves an instance away from an address that another
// process has.
func explainTaken(err error, listen, flag string) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	if admin, ok := errors.AsType[*adminError](err); ok {
		return fmt.Errorf("the admin address %s is taken by another process; choose another with --admin", admin.address)
	}
	return fmt.Errorf("%s is taken by another process; choose another with %s", listen, flag)
}
