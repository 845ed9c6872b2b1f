package main

import (
	"fmt"
	"os"
	"strings"
	"text/template"

	"spillway/internal/config"
)

const demoHelp = `
Usage: spillway demo [--listen ADDRESS] [--admin ADDRESS]

Runs two regions with two small backends each, and a load balancer in front of
them, all in this process. It prints what to try next, and ends by Ctrl-C.

Example: spillway demo --listen 127.0.0.1:8090 --admin 127.0.0.1:9902
`

func demoCommand(c *console, args []string) error {
	f := newFlags(c, "demo", demoHelp)
	listen := f.String("listen", "127.0.0.1:8080", "the `address` to listen on")
	admin := f.String("admin", defaultAdmin, "the admin `address`")
	if err := parse(c, f, args); err != nil {
		return err
	}
	d := demo{Listen: *listen, Admin: *admin, Command: ownCommand()}
	defer d.stop()
	if err := d.startBackends(); err != nil {
		return err
	}
	settings, err := d.settings()
	if err != nil {
		return err
	}
	r := &runner{console: c, started: func() { _ = demoIntroduction.Execute(c.out, &d) }}
	return explainTaken(r.run(settings, false), *listen, "--listen")
}

// A demo is what its configuration and its introduction are made of.
type demo struct {
	Listen, Admin string
	Command       string // that runs spillway the way it was run
	Backends      []*demoBackend
}

// settings goes the way of every configuration.
func (d *demo) settings() (*config.Config, error) {
	var file strings.Builder
	if err := demoConfig.Execute(&file, d); err != nil {
		return nil, err
	}
	settings, err := config.Parse("demo", []byte(file.String()), nil)
	if err != nil {
		return nil, fmt.Errorf("--listen or --admin: %w", err)
	}
	settings.Digest = "" // there is no file
	return settings, nil
}

// AdminFlag is what the other commands need in order to find this instance.
func (d *demo) AdminFlag() string {
	if d.Admin == defaultAdmin {
		return ""
	}
	return " --admin " + d.Admin
}

// URL is where curl finds the listener.
func (d *demo) URL() string {
	if path, isUnix := strings.CutPrefix(d.Listen, "unix:"); isUnix {
		return "--unix-socket " + path + " http://localhost/"
	}
	if strings.HasPrefix(d.Listen, ":") {
		return "http://127.0.0.1" + d.Listen + "/"
	}
	return "http://" + d.Listen + "/"
}

// ownCommand is how the user started this program.
func ownCommand() string {
	if path, err := os.Executable(); err == nil && strings.Contains(path, "go-build") {
		return "go run ./cmd/spillway"
	}
	return os.Args[0]
}

var demoConfig = template.Must(template.New("").Parse(`
region: eu-west
regions: {us-east: {rtt: 80ms}}
admin: {address: {{printf "%q" .Admin}}}
shutdown: {drain_timeout: 2s}
listeners: [{name: web, address: {{printf "%q" .Listen}}}]
routes: [{match: {path: /}, pool: demo}]
pools:
  - name: demo
    policy: round_robin
    health_check: {type: http, path: /healthz, interval: 1s, timeout: 500ms, rise: 1, fall: 2}
    backends:
{{- range .Backends}}
      - {address: "{{.Address}}", region: {{.Region}}}
{{- end}}
`))

var demoIntroduction = template.Must(template.New("").Parse(`
Two regions, four backends and spillway, all in this process:
{{range .Backends}}
  {{.Region}}  {{.Name}}  {{.Address}}
{{- end}}

spillway runs in eu-west; us-east is 80 ms away. In another terminal, try:

  curl {{.URL}}
  {{.Command}} status{{.AdminFlag}}
  {{.Command}} drain region eu-west{{.AdminFlag}}      # curl again: us-east answers
  {{.Command}} undrain region eu-west{{.AdminFlag}}
{{- with index .Backends 0}}
  curl -X POST http://{{.Address}}/break        # {{.Name}} fails its checks; /mend mends it
{{- end}}

Ctrl-C ends it.

`))
