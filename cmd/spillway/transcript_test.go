package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the commands print into testdata/*.txt")

// TestTranscripts runs the command lines of testdata/*.txt and wants the text that
// follows each: output, errors, and the exit status where it is not 0.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d transcripts, %v", len(files), err)
	}
	t.Chdir("testdata")
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			file := filepath.Base(path)
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(string(want))
			if got == string(want) {
				return
			}
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s is not what the commands print (-update writes it anew):\n%s", file, firstDifference(string(want), got))
		})
	}
}

// replay runs each command line again. Notes, which begin with #, stay.
func replay(transcript string) string {
	var out strings.Builder
	inOutput := false
	lines := strings.Split(strings.TrimSuffix(transcript, "\n"), "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "$ "):
			fmt.Fprintln(&out, line)
			out.WriteString(runLine(strings.TrimPrefix(line, "$ ")))
			inOutput = true
		case line == "" && i+1 < len(lines) && noteOrCommand(lines[i+1]):
			inOutput = false
			fmt.Fprintln(&out)
		case !inOutput:
			fmt.Fprintln(&out, line)
		}
	}
	return out.String()
}

func noteOrCommand(line string) bool {
	return strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "$ ")
}

// runLine runs `NAME=value spillway ...` and returns everything it printed.
func runLine(line string) string {
	words := strings.Fields(line)
	env := map[string]string{}
	for words[0] != "spillway" {
		name, value, _ := strings.Cut(words[0], "=")
		env[name] = value
		words = words[1:]
	}
	var printed bytes.Buffer
	c := &console{out: &printed, err: &printed, env: func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}}
	if status := execute(c, words[1:]); status != 0 {
		fmt.Fprintf(&printed, "[exit status %d]\n", status)
	}
	return platform.ReplaceAllString(printed.String(), "VERSION")
}

// platform is what differs from one build to the next.
var platform = regexp.MustCompile(`(?m)\S+ go\S+ \w+/\w+ \w+$`)

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "(the end)", "(the end)"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d\n want %s\n  got %s", i+1, x, y)
		}
	}
	return ""
}
