package config

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	variable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)
	group    = regexp.MustCompile(`^\$\{[0-9]+\}`)
)

// expand replaces ${NAME} and ${NAME:-default} by the environment's value; the default counts where the variable
// is unset or empty, as in a shell. $${ stands for ${, and ${1} for itself, since rewrites name groups so. What
// comes out of the environment is not looked at again. The error is one message for each variable that failed.
func expand(text string, env func(string) (string, bool)) (out string, expanded bool, errs []string) {
	var b strings.Builder
	for text != "" {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			break
		}
		b.WriteString(text[:i])
		text = text[i:]
		switch {
		case strings.HasPrefix(text, "$${"):
			b.WriteString("${")
			text = text[3:]
			continue
		case !strings.HasPrefix(text, "${"):
			b.WriteByte('$')
			text = text[1:]
			continue
		}
		if reference := group.FindString(text); reference != "" {
			b.WriteString(reference)
			text = text[len(reference):]
			continue
		}
		match := variable.FindStringSubmatch(text)
		if match == nil {
			errs = append(errs, fmt.Sprintf("%q is not ${NAME} or ${NAME:-default}; write $${ for a plain ${", clip(text)))
			break
		}
		expanded = true
		text = text[len(match[0]):]
		found, set := env(match[1])
		switch {
		case match[2] != "" && found == "":
			b.WriteString(match[3])
		case match[2] == "" && !set:
			errs = append(errs, fmt.Sprintf("the environment variable %s is not set; ${%[1]s:-default} gives a default", match[1]))
		default:
			b.WriteString(found)
		}
	}
	b.WriteString(text)
	return b.String(), expanded, errs
}
