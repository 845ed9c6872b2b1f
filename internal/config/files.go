package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// maxFile bounds what is read of a certificate, a key or a bundle of certificates.
const maxFile = 4 << 20

// files is what else was read for a configuration, each file once.
type files struct {
	names   []string // absolute, in the order of reading
	content map[string][]byte
}

func (f *files) contents() (contents [][]byte) {
	for _, name := range f.names {
		contents = append(contents, f.content[name])
	}
	return contents
}

// Files is the absolute paths of all files that were read for the configuration besides its own: certificates, keys and
// bundles of certificates, each once and in the order of the file.
func (c *Config) Files() []string { return slices.Clone(c.files) }

// Digest is what [Config.Digest] is for the configuration file at a path with these [Config.Files], as they are now: 12
// hex digits that change when one of them does. An error is one of reading.
func Digest(path string, files []string) (string, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var contents [][]byte
	for _, name := range files {
		content, err := readFile(name)
		if err != nil {
			return "", err
		}
		contents = append(contents, content)
	}
	return digest(src, contents), nil
}

// digest begins the SHA-256 of the source alone, or of the hashes of it and of the other files.
func digest(src []byte, contents [][]byte) string {
	sum := sha256.Sum256(src)
	if len(contents) > 0 {
		sums := sum[:]
		for _, content := range contents {
			one := sha256.Sum256(content)
			sums = append(sums, one[:]...)
		}
		sum = sha256.Sum256(sums)
	}
	return hex.EncodeToString(sum[:6])
}

var (
	errNotRegular = errors.New("not a regular file")
	errTooLarge   = errors.New("too large")
)

// readFile reads a whole file, but nothing that could block or never end.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errNotRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = errTooLarge
	}
	return content, err
}

// readFile decodes the name of a file into dst and reads it.
func (v value) readFile(dst *string) (content []byte, ok bool) {
	var text string
	if !v.checked(&text, complainPath) {
		return nil, false
	}
	path, err := v.d.absolute(text)
	if err != nil {
		v.errorf("%v", err)
		return nil, false
	}
	content, seen := v.d.read.content[path]
	if !seen {
		if content, err = readFile(path); err != nil {
			v.errorf("%s", complainRead(text, err))
			return nil, false
		}
		if v.d.read.content == nil {
			v.d.read.content = map[string][]byte{}
		}
		v.d.read.content[path] = content
		v.d.read.names = append(v.d.read.names, path)
	}
	*dst = path
	return content, true
}

// complainRead says why a file could not be read, and what to do.
func complainRead(text string, err error) string {
	switch text := clip(text); {
	case errors.Is(err, fs.ErrNotExist) && !filepath.IsAbs(text):
		return fmt.Sprintf("there is no file %q; a relative path starts at this file's folder", text)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("there is no file %q", text)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("%q may not be read by the user that spillway runs as; change its owner or its mode", text)
	case errors.Is(err, errNotRegular):
		return fmt.Sprintf("%q is not a regular file", text)
	case errors.Is(err, errTooLarge):
		return fmt.Sprintf("%q is too large, the most is %s", text, formatSize(maxFile))
	default:
		if path, ok := errors.AsType[*fs.PathError](err); ok {
			err = path.Err
		}
		return fmt.Sprintf("%q cannot be read: %v", text, err)
	}
}
