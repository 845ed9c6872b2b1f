package router

import (
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	for _, c := range []struct{ text, authority, path, query, want string }{
		{"https://{host}{path}{query}", "Example.com:80", "/a", "b=1", "https://example.com/a?b=1"},
		{"https://{host}{path}{query}", "example.com", "/a", "", "https://example.com/a"},
		{"https://{host}:8443{uri}", "[2001:DB8::1]:80", "/a", "b", "https://[2001:db8::1]:8443/a?b"},
		{"{scheme}://{authority}{uri}", "Example.com.:8080", "/", "", "http://example.com:8080/"},
		{"{scheme}://{authority}/", "example.com", "/", "", "http://example.com/"},
		{"https://new.example/x{path}", "", "/a", "q", "https://new.example/x/a"},
		{"//{host}{path}", "a.example", "//b", "", "//a.example//b"},
		{"/new{path}{query}", "", "/a", "?b", "/new/a??b"},
		{"app://open{path}", "", "/a", "", "app://open/a"},
		{"https://x.example{path}", "", "*", "", "https://x.example/*"},
		{"https://x.example{path}", "", ".evil.example", "", "https://x.example/.evil.example"},
		// A path stays a path.
		{"{path}", "", "//evil.example/x", "", "/evil.example/x"},
		{"{uri}", "", "///evil.example", "", "/evil.example"},
		{"/{path}", "", "/evil.example", "", "/evil.example"},
		{"{path}", "", "/\\evil.example", "", "/%5Cevil.example"},
		// The field cannot end early.
		{"/x{uri}", "", "/a\r\nSet-Cookie: x", "b\r\n c#d\"\x7f\xff", "/x/a%0D%0ASet-Cookie:%20x?b%0D%0A%20c%23d%22%7F%FF"},
	} {
		template, err := NewTemplate(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		vars := Vars{Scheme: "http", Authority: []byte(c.authority), Path: []byte(c.path), Query: []byte(c.query)}
		got, ok := template.Append([]byte("Location: "), &vars)
		if string(got) != "Location: "+c.want || !ok {
			t.Errorf("%q: got %q, %v; want %q", c.text, got, ok, c.want)
		}
	}
}

func TestTemplateWantsAHost(t *testing.T) {
	template, err := NewTemplate("https://{host}{path}")
	if err != nil {
		t.Fatal(err)
	}
	for _, authority := range []string{"", ":80", "a@b", "a/b", "a\r\nb", "evil.example\\.good.example"} {
		got, ok := template.Append([]byte("x"), &Vars{Authority: []byte(authority), Path: []byte("/")})
		if string(got) != "x" || ok {
			t.Errorf("%q: got %q, %v", authority, got, ok)
		}
	}
}

func TestNewTemplateRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "empty"},
		{"https://{hots}/", "unknown placeholder {hots}"},
		{"https://{Host}/", "unknown placeholder {Host}"},
		{"https://{host/", "no closing brace"},
		{"https://a.example/}", "which no URI has"},
		{"https://a.example/ b", "which no URI has"},
		{"https://a.example/\r\nX: y", "which no URI has"},
		{"https://b\u00fccher.example/", "which no URI has"},
		{"a.example{path}", "begins neither"},
		{"https:{path}", "begins neither"},
		{"https:/{path}", "begins neither"},
		{"{query}", "begins neither"},
		{"a/b//c", "begins neither"},
		{"https://{path}", "no host"},
		{"https:///a", "no host"},
		{"https://?{host}", "no host"},
		{"//{path}", "no host"},
		{"//", "no host"},
		{"https://", "no host"},
	} {
		template, err := NewTemplate(c.text)
		if template != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.text, err, c.want)
		}
	}
}
