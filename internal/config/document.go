package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
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

// maxSearch is the most bytes that are parsed again in search of a syntax error. Files for which that is too little
// are searched in strides first, and huge ones not at all.
const maxSearch = 16 << 20

// firstBadLine is the line after the longest part of the source that parses, or the line named where that would
// take too long to find.
func firstBadLine(lines [][]byte, named int) int {
	source := bytes.Join(lines, nil)
	ends := make([]int, len(lines)+1)
	for i, line := range lines {
		ends[i+1] = ends[i] + len(line)
	}
	// longest is the greatest n, from high down in strides, for which the first n lines parse.
	longest := func(high, stride int) int {
		for n := high; n > 0; n -= stride {
			var doc yaml.Node
			err := readNode(yaml.NewDecoder(bytes.NewReader(source[:ends[n]])), &doc)
			if err == nil || errors.Is(err, io.EOF) {
				return n
			}
		}
		return 0
	}
	stride := 1
	if len(lines)*len(source) > maxSearch {
		stride = int(math.Sqrt(float64(len(lines)))) | 1 // odd, or it might always stop within a pair of lines
	}
	if (len(lines)/stride+stride)*len(source) > maxSearch {
		return named
	}
	good := longest(len(lines)-1, stride)
	if stride > 1 {
		good = max(good, longest(min(good+stride, len(lines)-1), 1))
	}
	return good + 1
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
