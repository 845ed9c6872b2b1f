package main

import (
	"encoding/json"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	listen, admin := freeAddress(t), freeAddress(t)
	p := start(t, "demo", "--listen", listen, "--admin", admin)
	p.prints("Ctrl-C ends it")
	answers := func(region string) func() bool {
		return func() bool { return strings.HasSuffix(ask(listen), " in "+region+"\n") }
	}
	eventually(t, "the own region answers", answers("eu-west"))

	eventually(t, "all backends are healthy", func() bool {
		_, printed := call(admin, "status")
		return !strings.Contains(printed, "warming")
	})
	if status, printed := call(admin, "drain", "region", "eu-west"); status != 0 || !strings.Contains(printed, "region eu-west is drained") {
		t.Errorf("drain: exit status %d, %s", status, printed)
	}
	eventually(t, "the other region answers", answers("us-east"))
	if _, printed := call(admin, "status"); !strings.Contains(printed, "taken out by an operator") {
		t.Errorf("the status does not tell of the drain: %s", printed)
	}
	if status, printed := call(admin, "undrain", "--region", "eu-west"); status != 0 {
		t.Errorf("undrain: exit status %d, %s", status, printed)
	}
	eventually(t, "the own region answers again", answers("eu-west"))

	if status, printed := call(admin, "drain", "region", "mars"); status != 1 || !strings.Contains(printed, `no region is named "mars"; there is eu-west, us-east`) {
		t.Errorf("a region that there is not: exit status %d, %s", status, printed)
	}
	if status, printed := call(admin, "reload"); status != 1 || !strings.Contains(printed, "without a configuration file") {
		t.Errorf("reload: exit status %d, %s", status, printed)
	}
	var tree struct{ Pools []struct{ Name string } }
	status, printed := call(admin, "status", "--json")
	if err := json.Unmarshal([]byte(printed), &tree); status != 0 || err != nil || len(tree.Pools) != 1 || tree.Pools[0].Name != "demo" {
		t.Errorf("status --json: exit status %d, %v in %s", status, err, printed)
	}
	if runtime.GOOS == "windows" {
		return // it has no way to send an interrupt to one process
	}
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if status := p.exitStatus(); status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
}

func TestTakenAddressNamesTheFlag(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	at, free := taken.Addr().String(), freeAddress(t)
	for _, c := range []struct{ args, want string }{
		{"demo --listen " + at + " --admin " + free, at + " is taken by another process; choose another with --listen"},
		{"demo --listen " + free + " --admin " + at, "the admin address " + at + " is taken by another process; choose another with --admin"},
		{"proxy --from " + at + " --to 127.0.0.1:1", at + " is taken by another process; choose another with --from"},
	} {
		p := start(t, strings.Fields(c.args)...)
		if status := p.exitStatus(); status != 1 || !strings.Contains(p.output.String(), c.want) {
			t.Errorf("%s: exit status %d, %s", c.args, status, p.output.String())
		}
	}
}
