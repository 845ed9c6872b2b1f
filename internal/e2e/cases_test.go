package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// octets is a string of the case files: each character stands for one octet,
// and {{REP:n:text}} and {{SEQ:n:text}} for many.
type octets string

var repeated = regexp.MustCompile(`(?s)\{\{(REP|SEQ):(\d+):(.*?)\}\}`)

func (o *octets) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	raw := make([]byte, 0, len(text))
	for _, c := range text {
		if c > 0xff {
			return fmt.Errorf("%q is no octet", c)
		}
		raw = append(raw, byte(c))
	}
	*o = octets(repeated.ReplaceAllStringFunc(string(raw), func(macro string) string {
		parts := repeated.FindStringSubmatch(macro)
		n, _ := strconv.Atoi(parts[2])
		if parts[1] == "REP" {
			return strings.Repeat(parts[3], n)
		}
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Replace(parts[3], "%d", strconv.Itoa(i), 1))
		}
		return b.String()
	}))
	return nil
}

// oneOf is a value of the case files that may be one string, null for absent,
// or a list of such.
type oneOf []*string

func (o *oneOf) UnmarshalJSON(data []byte) error {
	one := func(data []byte) (*string, error) {
		var text *octets
		if err := json.Unmarshal(data, &text); err != nil || text == nil {
			return nil, err
		}
		s := string(*text)
		return &s, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil {
		list = []json.RawMessage{data}
	}
	for _, element := range list {
		s, err := one(element)
		if err != nil {
			return err
		}
		*o = append(*o, s)
	}
	return nil
}

// allows reports whether the value, or its absence, is among them.
func (o oneOf) allows(value string, present bool) bool {
	for _, s := range o {
		if s == nil && !present || s != nil && present && *s == value {
			return true
		}
	}
	return false
}

func (o oneOf) String() string {
	var words []string
	for _, s := range o {
		if s == nil {
			words = append(words, "absent")
		} else {
			words = append(words, fmt.Sprintf("%.60q", *s))
		}
	}
	return strings.Join(words, " or ")
}

// readCases reads a case file of testdata. A field that the test does not know
// is an error: every assertion of a case is checked or named.
func readCases[T any](t *testing.T, name string) []T {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []json.RawMessage }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var cases []T
	for _, raw := range file.Cases {
		var c T
		decoder := json.NewDecoder(strings.NewReader(string(raw)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&c); err != nil {
			t.Fatalf("%s: %v in %.200s", name, err, raw)
		}
		cases = append(cases, c)
	}
	return cases
}
