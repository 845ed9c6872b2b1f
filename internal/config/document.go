package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// document reads the one YAML document of a source and returns its content; nil after an error.
func (d *decoder) document(src []byte) *yaml.Node {
	if line := invalidUTF8(src); line > 0 {
		d.errorAt(line, 1, "", "the file is not UTF-8 text")
		return nil
	}
	stream := yaml.NewDecoder(bytes.NewReader(src))
	var doc yaml.Node
	err := readNode(stream, &doc)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		d.errorAt(1, 1, "", "the file is empty")
		return nil
	case err != nil:
		d.syntaxError(src, err)
		return nil
	}
	var second yaml.Node
	switch err := readNode(stream, &second); {
	case err == nil:
		d.errorAt(second.Line, second.Column, "", "a second document begins here; a file is one document")
	case !errors.Is(err, io.EOF):
		d.syntaxError(src, err)
	}
	return doc.Content[0]
}

// readNode turns a panic of the YAML package into an error: what it is given comes from outside.
func readNode(stream *yaml.Decoder, node *yaml.Node) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("yaml: %v", caught)
		}
	}()
	return stream.Decode(node)
}

var yamlErrorLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxError reports what the YAML package found. The line that it names is often where the enclosing block
// begins, so the first line is sought without which the rest still parses.
func (d *decoder) syntaxError(src []byte, err error) {
	prefix := yamlErrorLine.FindStringSubmatch(err.Error())
	message := err.Error()
	named := 1
	if prefix != nil {
		message = message[len(prefix[0]):]
		if n, err := strconv.Atoi(prefix[1]); err == nil {
			named = n
		}
	}
	lines := bytes.SplitAfter(src, []byte("\n"))
	line := max(1, min(firstBadLine(lines, named), len(lines)))
	text := strings.TrimRight(string(lines[line-1]), "\r\n")
	indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	if tab := strings.IndexByte(indent, '\t'); tab >= 0 {
		d.errorAt(line, tab+1, "", "a tab cannot indent in YAML; use spaces")
		return
	}
	d.errorAt(line, utf8.RuneCountInString(indent)+1, "", "not valid YAML: "+message)
}

// maxRetryLines bounds the search for a syntax error, which is quadratic.
const maxRetryLines = 2000

func firstBadLine(lines [][]byte, named int) int {
	if len(lines) > maxRetryLines {
		return named
	}
	for n := len(lines) - 1; n > 0; n-- {
		var doc yaml.Node
		err := readNode(yaml.NewDecoder(bytes.NewReader(bytes.Join(lines[:n], nil))), &doc)
		if err == nil || errors.Is(err, io.EOF) {
			return n + 1
		}
	}
	return 1
}

// invalidUTF8 is the first line that is not UTF-8, 0 if there is none.
func invalidUTF8(src []byte) int {
	if utf8.Valid(src) {
		return 0
	}
	line := 1
	for len(src) > 0 {
		r, size := utf8.DecodeRune(src)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		src = src[size:]
	}
	return line
}
