package config

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"
)

const exampleFile = "../../config.example.yaml"

func TestExampleFileIsValid(t *testing.T) {
	c, err := Load(exampleFile, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Region != "eu-west" || len(c.Listeners) != 2 || len(c.Routes) != 6 || len(c.Pools) != 3 {
		t.Errorf("region %q, %d listeners, %d routes, %d pools", c.Region, len(c.Listeners), len(c.Routes), len(c.Pools))
	}
	if got, want := c.RegionOrder(), []string{"eu-west", "us-east", "ap-south"}; !slices.Equal(got, want) {
		t.Errorf("regions %v, want %v", got, want)
	}
	canary := c.Pool("web-canary")
	if canary.Sticky != nil || canary.Ejection != nil || canary.Policy != LeastConn || len(canary.Backends) != 1 {
		t.Errorf("the merged pool is %+v", canary)
	}
	socket, _ := filepath.Abs("../../run/spillway.sock")
	if got := string(c.Listeners[1].Address); got != "unix:"+socket {
		t.Errorf("address %q, want %q", got, "unix:"+socket)
	}
}

// By induction this covers keys at every depth: a section that the example lacks is itself a key it lacks.
func TestExampleFileHasEveryKey(t *testing.T) {
	src, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	known, used := map[string]bool{}, map[string]bool{}
	noVariables := func(string) (string, bool) { return "", false }
	d := &decoder{
		file: exampleFile, env: noVariables, expanding: map[*yaml.Node]bool{}, regionAt: map[[2]int]value{},
		sawKeys: func(pattern string, keys []string) {
			for _, key := range keys {
				known[join(pattern, key)] = true
			}
		},
	}
	d.sawKey = func(pattern string) { used[pattern] = true }
	if _, err := d.parse(src); err != nil {
		t.Fatal(err)
	}
	if len(known) < 100 {
		t.Fatalf("only %d keys are known: %v", len(known), known)
	}
	for pattern := range known {
		if !used[pattern] {
			t.Errorf("the example does not show %s", pattern)
		}
	}
}
