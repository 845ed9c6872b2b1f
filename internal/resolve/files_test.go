package resolve

import (
	"os"
	"slices"
	"testing"
	"time"
)

func TestHostsFile(t *testing.T) {
	server := startServer(t, "api.example. 60 IN A 10.0.0.1", "free.example. 60 IN A 10.0.0.2")
	r := newTestResolver(t, server.addr)
	r.HostsFile = writeFile(t, `# comment
127.0.0.1	localhost
10.1.0.2  api.example api   # free.example
fd00::2   API.example.
10.1.0.2  other api.example
bad       api.example
10.1.0.3
fe80::1%eth0 zoned
10.1.0.9 last`)
	for host, want := range map[string]string{
		"api.example":  "10.1.0.2 fd00::2",
		"API.EXAMPLE.": "10.1.0.2 fd00::2",
		"api":          "10.1.0.2",
		"zoned":        "fe80::1%eth0",
		"last":         "10.1.0.9",
		"free.example": "10.0.0.2",
	} {
		got, err := r.Lookup(t.Context(), host)
		if err != nil || !slices.Equal(got.Addrs, addrs(want)) {
			t.Errorf("%s: got %+v, %v; want %s", host, got, err, want)
		}
		if host != "free.example" && got.TTL != 30*time.Second {
			t.Errorf("%s: TTL %v, want 30s", host, got.TTL)
		}
	}

	if err := os.WriteFile(r.HostsFile, []byte("10.1.0.7 api.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Lookup(t.Context(), "api.example"); err != nil || !slices.Equal(got.Addrs, addrs("10.1.0.7")) {
		t.Errorf("after a change: got %+v, %v; want 10.1.0.7", got, err)
	}
}

func TestResolvConf(t *testing.T) {
	for _, test := range []struct {
		name, file string
		change     func(r *Resolver)
		want       config
	}{
		{
			name: "docker",
			file: "nameserver 127.0.0.11\nsearch corp.example\noptions ndots:0\n",
			want: config{servers: []string{"127.0.0.11:53"}, search: []string{"corp.example"}, ndots: 0, timeout: 5 * time.Second, attempts: 2},
		},
		{
			name: "kubernetes",
			file: "search a.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5 timeout:1 attempts:3 edns0\n",
			want: config{servers: []string{"10.96.0.10:53"}, search: []string{"a.svc.cluster.local", "svc.cluster.local"}, ndots: 5, timeout: time.Second, attempts: 3},
		},
		{
			name: "several servers, bounds, a comment",
			file: "# nameserver 10.0.0.9\nnameserver 10.0.0.1\nnameserver fd00::53\nnameserver fe80::53%eth0\nnameserver name\ndomain x\noptions ndots:99 timeout:99 attempts:99\n",
			want: config{servers: []string{"10.0.0.1:53", "[fd00::53]:53", "[fe80::53%eth0]:53"}, search: []string{"x"}, ndots: 15, timeout: 30 * time.Second, attempts: 5},
		},
		{
			name:   "the fields win",
			file:   "nameserver 10.0.0.1\nsearch x\noptions timeout:1 attempts:1\n",
			change: func(r *Resolver) { r.Servers, r.Timeout, r.Attempts = []string{"127.0.0.1:5353"}, time.Minute, 7 },
			want:   config{servers: []string{"127.0.0.1:5353"}, search: []string{"x"}, ndots: 1, timeout: time.Minute, attempts: 7},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newTestResolver(t)
			r.ResolvConf = writeFile(t, test.file)
			if test.change != nil {
				test.change(r)
			}
			got, ok := r.config()
			if !ok || !slices.Equal(got.servers, test.want.servers) || !slices.Equal(got.search, test.want.search) ||
				got.ndots != test.want.ndots || got.timeout != test.want.timeout || got.attempts != test.want.attempts {
				t.Errorf("got %+v, %v; want %+v", got, ok, test.want)
			}
		})
	}
}
