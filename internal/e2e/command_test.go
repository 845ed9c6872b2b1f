package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// command runs spillway to its end.
func command(args ...string) (code int, output string) {
	cmd := exec.Command(binary, args...)
	dieWithParent(cmd)
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestCheckPrintsEveryErrorWithItsPlace(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(`listeners:
  - name: web
    address: ":8080"
routes:
  - match: {path: /}
    pool: app
pools:
  - name: app
    backends: [{address: 127.0.0.1:9000}]
`)
	if code, output := command("check", "-c", file); code != 0 {
		t.Errorf("a good file: exit code %d, %s", code, output)
	}
	write(`listeners:
  - name: web
    address: "nowhere"
  - name: web
    address: ":8081"
routes:
  - match: {path: /}
    pool: absent
pools:
  - name: app
    polcy: p2c
    queue: {size: many}
    backends: [{address: 127.0.0.1:9000}]
`)
	code, output := command("check", "-c", file)
	if code != 1 {
		t.Errorf("a bad file: exit code %d, want 1", code)
	}
	for _, want := range []string{
		"config.yaml:3:", `"nowhere"`, "config.yaml:4:", `"web"`, "config.yaml:8:", `"absent"`,
		`config.yaml:11:5: pools[0]: unknown key "polcy" (did you mean "policy"?)`, "config.yaml:12:",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("the errors do not say %s:\n%s", want, output)
		}
	}
	if code, _ := command("run", "-c", file); code != 1 {
		t.Errorf("running a bad file: exit code %d, want 1", code)
	}
	if code, _ := command("check", "-c", file+".absent"); code != 1 {
		t.Errorf("no file: exit code %d, want 1", code)
	}
}

func TestTakenAddressIsAnErrorAtTheStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := "listeners: [{name: web, address: " + taken.Addr().String() + "}]\nroutes: [{match: {path: /}, respond: {status: 200}}]\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	code, output := command("run", "-c", file)
	if code == 0 || !strings.Contains(output, taken.Addr().String()) {
		t.Errorf("exit code %d, %s", code, output)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if code, output := command("version"); code != 0 || !strings.Contains(output, "spillway") {
		t.Errorf("exit code %d, %q", code, output)
	}
}

func TestAdminCommands(t *testing.T) {
	t.Parallel()
	a := NewBackend(t, "a")
	p := Setup{}.Start(t, a)
	for _, c := range []struct{ args, want string }{
		{"status", a.Address}, {"reload", ""}, {"drain --pool app --force --backend " + a.Address, ""},
	} {
		args := append(strings.Fields(c.args), "--admin", p.admin)
		if code, output := command(args...); code != 0 || !strings.Contains(output, c.want) {
			t.Errorf("spillway %s: exit code %d, %s", c.args, code, output)
		}
	}
	p.AwaitState(a.Address, "draining")
}

func TestProxyCommandNeedsNoFile(t *testing.T) {
	t.Parallel()
	a, b := NewBackend(t, "a"), NewBackend(t, "b")
	address := freeAddress(t)
	cmd := exec.Command(binary, "proxy", "--from", address, "--to", a.Address+","+b.Address)
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	eventually(t, "it listens", func() bool { return !refuses(address) })
	counts := map[string]int{}
	eventually(t, "both backends answer", func() bool {
		counts[askedOf(get(t, address, "/x").Body)]++
		return counts["a"] > 0 && counts["b"] > 0
	})
}
