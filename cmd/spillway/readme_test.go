package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spillway/internal/config"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestConfigurationsOfTheREADMEAreValid(t *testing.T) {
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readme(t), -1)
	if len(found) == 0 {
		t.Fatal("the README has no configuration")
	}
	for _, block := range found {
		if _, err := config.Parse("README.md", []byte(block[1]), nil); err != nil {
			t.Error(err)
		}
	}
}

// The words for how an exchange ends are a contract, so the README has each.
func TestREADMEHasEveryEnd(t *testing.T) {
	files, err := filepath.Glob("../../proxy/*.go")
	if err != nil {
		t.Fatal(err)
	}
	end := regexp.MustCompile(`\bend(?:: | = )"([a-z_]+)"|return "(tunnel_[a-z]+)"`)
	text, ends := readme(t), 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range end.FindAllStringSubmatch(string(source), -1) {
			ends++
			if word := match[1] + match[2]; !strings.Contains(text, "`"+word+"`") {
				t.Errorf("the README does not tell what %q means", word)
			}
		}
	}
	if ends < 20 {
		t.Errorf("%d ends found in the proxy's source", ends)
	}
}
