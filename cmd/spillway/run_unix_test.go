//go:build unix

package main

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spillway/internal/config"
)

func TestReloads(t *testing.T) {
	for name, reload := range map[string]func(t *testing.T, i *instance){
		"SIGHUP": func(t *testing.T, i *instance) {
			if err := i.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		},
		"the command": func(t *testing.T, i *instance) {
			if status, printed := call(i.admin, "reload"); status != 0 || !strings.HasPrefix(printed, "reloaded: configuration 2 (") {
				t.Errorf("exit status %d, %s", status, printed)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := runInstance(t)
			writeFile(t, i.file, settingsThatSay("second", i.listen, i.admin))
			reload(t, i)
			i.says("second")
		})
	}
}

func TestBadReloadChangesNothing(t *testing.T) {
	t.Parallel()
	i := runInstance(t)
	writeFile(t, i.file, settingsThatSay("second", i.listen, i.admin)+"polcy: p2c\n")
	status, printed := call(i.admin, "reload")
	if status != 1 || !strings.Contains(printed, i.file+`:4:1: unknown key "polcy"`) || !strings.Contains(printed, "not reloaded") {
		t.Errorf("exit status %d, %s", status, printed)
	}
	i.says("first")
	if _, printed = call(i.admin, "status"); !strings.Contains(printed, "the last reload failed") || !strings.Contains(printed, "polcy") {
		t.Errorf("the status does not tell of it: %s", printed)
	}
}

func TestReloadMovesTheAdminAddress(t *testing.T) {
	t.Parallel()
	i := runInstance(t)
	moved := freeAddress(t)
	writeFile(t, i.file, settingsThatSay("second", i.listen, moved))
	if status, printed := call(i.admin, "reload"); status != 0 {
		t.Errorf("exit status %d, %s", status, printed)
	}
	i.says("second")
	eventually(t, "the old address is closed", func() bool { status, _ := call(i.admin, "status"); return status == 1 })
	if status, printed := call(moved, "status"); status != 0 {
		t.Errorf("the new address: exit status %d, %s", status, printed)
	}
	writeFile(t, i.file, settingsThatSay("third", i.listen, ""))
	if status, printed := call(moved, "reload"); status != 0 {
		t.Errorf("closing it: exit status %d, %s", status, printed)
	}
	i.says("third")
	eventually(t, "the admin address is closed", func() bool { status, _ := call(moved, "status"); return status == 1 })
}

func TestReloadToATakenAdminAddressIsRefusedWhole(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	i := runInstance(t)
	writeFile(t, i.file, settingsThatSay("second", i.listen, taken.Addr().String()))
	status, printed := call(i.admin, "reload")
	if status != 1 || !strings.Contains(printed, "admin.address "+taken.Addr().String()) {
		t.Errorf("exit status %d, %s", status, printed)
	}
	i.says("first")
	if status, printed := call(i.admin, "status"); status != 0 {
		t.Errorf("the admin address before: exit status %d, %s", status, printed)
	}
}

func TestAdminOnAUnixSocket(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "spillway") // short: the path of a socket has a limit
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file, listen, admin := filepath.Join(dir, "config.yaml"), freeAddress(t), "unix:"+filepath.Join(dir, "admin")
	writeFile(t, file, settingsThatSay("first", listen, admin))
	p := start(t, "run", "-c", file)
	p.prints("listening admin=")
	if status, printed := call(admin, "status"); status != 0 || !strings.Contains(printed, listen) {
		t.Errorf("exit status %d, %s", status, printed)
	}
}

func TestWatchFollowsTheFile(t *testing.T) {
	t.Parallel()
	i := runInstance(t, "--watch")

	writeFile(t, i.file, settingsThatSay("written", i.listen, i.admin))
	i.says("written")

	beside := i.file + ".new"
	writeFile(t, beside, settingsThatSay("renamed", i.listen, i.admin))
	if err := os.Rename(beside, i.file); err != nil {
		t.Fatal(err)
	}
	i.says("renamed")

	writeFile(t, i.file, "nonsense: [")
	i.prints("was not reloaded")
	i.says("renamed")
}

func TestWatchNoticesWhatChangedBeforeIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	writeFile(t, path, "now")
	changed := make(chan bool, 1)
	stop, err := watchFiles(path, &config.Config{Digest: "of what was loaded"}, slog.New(slog.DiscardHandler), func() *config.Config {
		changed <- true
		return &config.Config{}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	<-changed
}

// A mounted configuration map is a link to a link to a directory, and changes by
// another link in place of the second.
func TestWatchFollowsLinks(t *testing.T) {
	t.Parallel()
	dir, listen := t.TempDir(), freeAddress(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	link := func(to, name string) {
		if err := os.Symlink(to, at(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range []string{"one", "two", "three"} {
		if err := os.Mkdir(at(version), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(at(version), "config.yaml"), settingsThatSay(version, listen, ""))
	}
	link("one", "data")
	link(filepath.Join("data", "config.yaml"), "config.yaml")
	i := &instance{listen: listen}
	i.process = start(t, "run", "--watch", "-c", at("config.yaml"))
	i.says("one")
	i.prints("spillway runs")
	for _, version := range []string{"two", "three"} {
		link(version, "next")
		if err := os.Rename(at("next"), at("data")); err != nil {
			t.Fatal(err)
		}
		i.says(version)
	}
	writeFile(t, at("three/config.yaml"), settingsThatSay("three-again", listen, ""))
	i.says("three-again")
}

func TestFirstSignalDrainsAndSecondEndsAtOnce(t *testing.T) {
	t.Parallel()
	backend, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	file, listen := filepath.Join(t.TempDir(), "config.yaml"), freeAddress(t)
	writeFile(t, file, "shutdown: {drain_timeout: 1h}\nlisteners: [{address: \""+listen+"\"}]\nroutes: [{match: {path: /}, pool: app}]\n"+
		"pools: [{name: app, timeouts: {response: 0s}, backends: [{address: \""+backend.Addr().String()+"\"}]}]\n")
	p := start(t, "run", "-c", file)
	p.prints("spillway runs")
	client, err := net.Dial("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Write([]byte("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	held, err := backend.Accept() // the request runs, and its answer never comes
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for _, step := range []string{"draining", "not waiting"} {
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.prints(step)
	}
	if status := p.exitStatus(); status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
}

func TestLogFollowsAReload(t *testing.T) {
	t.Parallel()
	i := runInstance(t)
	writeFile(t, i.file, settingsThatSay("second", i.listen, i.admin)+"log: {format: json}\n")
	if status, printed := call(i.admin, "reload"); status != 0 {
		t.Fatalf("exit status %d, %s", status, printed)
	}
	i.prints(`"msg":"reloaded"`)
}
