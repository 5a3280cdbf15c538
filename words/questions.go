package words

import (
	_ "embed"
	"errors"
	"io"
	"strings"
)

//go:embed pairs.txt
var pairsText string

// next is how many pairs each pair is asked with.
const next = 5

// Questions returns questions about English for where a person gives none: pairs of frequent words, in small letters, by section, each asked with the five
// pairs that come after it, the last ones with the first. They are the same ones each time, and few: a score to watch while vectors are learned, not to
// compare with others'.
func Questions() []Section {
	sections, err := questionsOf(strings.NewReader(pairsText))
	if err != nil {
		panic("words: pairs.txt: " + err.Error())
	}
	return sections
}

// questionsOf makes questions of pairs, two words a line below lines that name sections.
func questionsOf(r io.Reader) ([]Section, error) {
	var sections []Section
	var pairs [][2]string
	end := func() {
		for i, p := range pairs {
			for k := 1; k <= min(next, len(pairs)-1); k++ {
				q := pairs[(i+k)%len(pairs)]
				s := &sections[len(sections)-1]
				s.Questions = append(s.Questions, Question{p[0], p[1], q[0], q[1]})
			}
		}
		pairs = nil
	}
	err := eachLine(r, func(line string) error {
		name, section := strings.CutPrefix(line, ": ")
		f := strings.Fields(line)
		switch {
		case section:
			end()
			sections = append(sections, Section{Name: name})
		case len(f) != 2 || sections == nil:
			return errors.New("wanted are two words, below a section")
		default:
			pairs = append(pairs, [2]string{f[0], f[1]})
		}
		return nil
	})
	end()
	return sections, err
}
