package recipe

import (
	"context"
	"errors"
	"fmt"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// Foreign judges features that another program made, by what judges features alone.
type Foreign struct {
	Features []string // a file, as eval.LoadArray reads it, or one for training and one for testing
	// Labels are files as eval.ReadLabels reads them: one for each of Features, or one for both; nil for those of the samples of Data, as eval.Open takes it.
	Labels     []string
	Data, Test string
	Protocols  []eval.Protocol
	Suite      *Suite // all protocols that fit, where Protocols is nil
	Eval       eval.Options
}

// foreignPart is which part of one file's rows is for testing, where nothing says it.
const foreignPart = 5

// Judge returns the scores.
func (f Foreign) Judge(ctx context.Context) ([]eval.Score, error) {
	if n := len(f.Features); n < 1 || n > 2 {
		return nil, &SettingError{"features", fmt.Sprintf("%d files: want one, or one for training and one for testing", n)}
	}
	if n := len(f.Labels); n > len(f.Features) {
		return nil, &SettingError{"labels", fmt.Sprintf("%d files of labels for %d of features", n, len(f.Features))}
	}
	if (f.Labels == nil) == (f.Data == "") {
		return nil, &SettingError{"labels", "want a file of labels, or --data for those of its samples, one of both"}
	}
	a, err := eval.LoadArray(f.Features...)
	if err != nil {
		return nil, err
	}
	var train, test *data.Dataset
	if f.Labels == nil {
		train, test, err = eval.Open(f.Data, f.Test)
	} else {
		train, test, err = f.labelled(a)
	}
	if err != nil {
		return nil, err
	}
	chosen := f.Protocols == nil
	if chosen {
		f.Protocols, err = f.Suite.protocols(train, test, f.Eval.Say)
	} else {
		err = eval.Check(f.Protocols, train, test)
	}
	if err != nil {
		return nil, err
	}
	var judging []eval.Protocol
	for _, p := range f.Protocols {
		t, ok := p.(eval.Tuner)
		if !ok || !t.Tunes() {
			judging = append(judging, p)
			continue
		}
		why := p.Name() + " judges networks, not features in a file"
		if !chosen {
			return nil, errors.New(why)
		}
		if f.Eval.Say != nil {
			f.Eval.Say("left out: " + why)
		}
	}
	if f.Protocols = judging; len(judging) == 0 {
		return nil, errors.New("what is asked for judges networks, not features in a file")
	}
	return eval.Judge(ctx, []eval.Encoder{a}, train, test, f.Protocols, f.Eval)
}

// labelled returns the rows of files as samples, by their labels.
func (f Foreign) labelled(a *eval.Array) (train, test *data.Dataset, err error) {
	var sets []*data.Dataset
	var splits []string
	for k := range a.Files {
		t, err := eval.ReadLabels(f.Labels[min(k, len(f.Labels)-1)])
		if err != nil {
			return nil, nil, err
		}
		r := &a.Files[k]
		labels, parts, err := t.Of(*r)
		if err != nil {
			return nil, nil, err
		}
		splits = parts
		for i, s := range parts {
			if len(a.Files) > 1 && (s == "train") != (k == 0) {
				return nil, nil, fmt.Errorf("%s says that row %d of %s is for %sing, as the other file of features is; leave the column split out, or give one file", t.Path, i, r.Path, s)
			}
		}
		// by names of their own, so that parts of the rows can be looked up, and rows of two files that are called alike are not taken for each other
		names := make([]string, r.X.Dim(0))
		var kept []int
		for i := range names {
			names[i] = fmt.Sprintf("row %d of %s", i, r.Path)
			if r.Names != nil {
				names[i] = r.Path + ": " + r.Names[i]
			}
			if labels[i] != "" {
				kept = append(kept, i)
			}
		}
		r.Names = names
		if len(kept) == 0 {
			return nil, nil, fmt.Errorf("%s has no class of any row of %s", t.Path, r.Path)
		}
		set := r.Dataset(eval.Classes(labels))
		if n := len(names) - len(kept); n > 0 {
			if f.Eval.Say != nil {
				f.Eval.Say(fmt.Sprintf("%d of the %d rows of %s have no class and are left out", n, len(names), r.Path))
			}
			set = set.Subset(kept, "labelled")
			if splits != nil {
				some := make([]string, len(kept))
				for k, i := range kept {
					some[k] = splits[i]
				}
				splits = some
			}
		}
		sets = append(sets, set)
	}
	if len(sets) == 2 {
		return sets[0], sets[1], eval.SameClasses(sets[0], sets[1])
	}
	all := sets[0]
	var first, last []int
	if splits != nil {
		for i, s := range splits {
			if s == "train" {
				first = append(first, i)
			} else {
				last = append(last, i)
			}
		}
		if first == nil || last == nil {
			return nil, nil, fmt.Errorf("%s: %d rows are for training and %d for testing; wanted are some of both", f.Labels[0], len(first), len(last))
		}
		return all.Subset(first, "split=train"), all.Subset(last, "split=test"), nil
	}
	order := tensor.NewRNG(foreignPart).Derive(stream.Split).Perm(all.Len())
	n := max(1, all.Len()/foreignPart)
	if all.Len() < 2 {
		return nil, nil, fmt.Errorf("%s has one row; to learn from some and test on others takes two", f.Features[0])
	}
	return all.Subset(order[n:], "part=4/5"), all.Subset(order[:n], "part=1/5"), nil
}
