package main

import (
	"bytes"
	_ "embed"
	"errors"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"log"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/packages"
)

//go:embed switches.go.txt
var source []byte

const switchesPath = "internal/mutants/switches" // in the copy of the module

// mutant is the program with one operator changed.
type mutant struct {
	id           int
	file         string
	line, column int
	change       string
	fate         fate
}

type fate int

const (
	lived fate = iota
	killed
	late
	unreached
)

func (f fate) String() string { return [...]string{"lived", "killed", "time limit", "not reached"}[f] }

// mutate rewrites the room's files that match the pattern so that each operator asks whether its mutant runs.
func mutate(module, room, pattern string) ([]*mutant, error) {
	at := filepath.Join(module, filepath.FromSlash(switchesPath))
	if err := os.MkdirAll(at, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(at, "switches.go"), source, 0o644); err != nil {
		return nil, err
	}
	found, err := packages.Load(&packages.Config{
		Mode: packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedFiles | packages.NeedName | packages.NeedImports |
			packages.NeedDeps | packages.NeedCompiledGoFiles | packages.NeedModule,
		Dir: module,
		ParseFile: func(set *token.FileSet, name string, b []byte) (*ast.File, error) {
			return parser.ParseFile(set, name, b, parser.ParseComments)
		},
	}, "./"+filepath.ToSlash(room))
	if err != nil {
		return nil, err
	}
	if len(found) != 1 || len(found[0].Errors) > 0 || found[0].Module == nil {
		return nil, errors.New("no package, or one with errors: " + room)
	}
	p := found[0]
	e := &editor{set: p.Fset, info: p.TypesInfo}
	for _, f := range p.Syntax {
		name := p.Fset.Position(f.Pos()).Filename
		if ok, err := filepath.Match(pattern, filepath.Base(name)); err != nil {
			return nil, err
		} else if !ok {
			continue
		}
		if !e.edit(f) {
			continue
		}
		astutil.AddImport(p.Fset, f, p.Module.Path+"/"+switchesPath)
		var b bytes.Buffer
		if err := format.Node(&b, p.Fset, f); err != nil {
			return nil, err
		}
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			return nil, err
		}
	}
	return e.all, nil
}

type editor struct {
	set  *token.FileSet
	info *types.Info
	all  []*mutant
}

// edit rewrites a file and tells whether anything changed.
func (e *editor) edit(f *ast.File) bool {
	before := len(e.all)
	constant := func(c *astutil.Cursor) bool { // cases of constants and lengths of arrays are no places for a call
		switch n := c.Node().(type) {
		case *ast.GenDecl:
			return n.Tok == token.CONST
		case ast.Expr:
			if a, ok := c.Parent().(*ast.ArrayType); ok && a.Len == n {
				return true
			}
			return e.info.Types[n].Value != nil
		}
		return false
	}
	astutil.Apply(f, func(c *astutil.Cursor) bool { return c.Node() == nil || !constant(c) }, func(c *astutil.Cursor) bool {
		switch n := c.Node().(type) {
		case *ast.BinaryExpr:
			e.binary(c, n)
		case *ast.UnaryExpr:
			if t, ok := e.number(n.X, n); ok && n.Op == token.SUB {
				c.Replace(call("Neg", t, e.add(n.OpPos, "-x to x"), n.X))
			} else if n.Op == token.SUB {
				e.skip(n.OpPos)
			}
		case *ast.IncDecStmt:
			t, ok := e.number(n.X, n.X)
			if !ok {
				e.skip(n.TokPos)
				return true
			}
			op, change := token.ADD_ASSIGN, "++ to --"
			if n.Tok == token.DEC {
				op, change = token.SUB_ASSIGN, "-- to ++"
			}
			c.Replace(&ast.AssignStmt{Lhs: []ast.Expr{n.X}, Tok: op, Rhs: []ast.Expr{call("Step", t, e.add(n.TokPos, change))}})
		}
		return true
	})
	return len(e.all) > before
}

var other = map[token.Token]token.Token{token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL, token.REM: token.MUL}

func (e *editor) binary(c *astutil.Cursor, n *ast.BinaryExpr) {
	switch op := n.Op; op {
	case token.EQL, token.NEQ:
		id := e.add(n.OpPos, "== and != exchanged")
		c.Replace(&ast.ParenExpr{X: &ast.BinaryExpr{X: &ast.ParenExpr{X: n}, Op: token.NEQ, Y: call("On", "", id)}})
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		t, ok := e.number(n.X, n.Y)
		if !ok {
			e.skip(n.OpPos)
			return
		}
		bound, not := e.add(n.OpPos, op.String()+" moved by one"), e.add(n.OpPos, op.String()+" turned round")
		x, y, f := n.X, n.Y, "Less"
		if op == token.LEQ || op == token.GEQ {
			f = "LessEqual"
		}
		if op == token.GTR || op == token.GEQ {
			x, y = y, x
		}
		c.Replace(call(f, t, bound, not, x, y))
	case token.ADD, token.SUB, token.MUL, token.QUO, token.REM:
		t, ok := e.number(n, n)
		if b, basic := e.info.TypeOf(n).Underlying().(*types.Basic); !ok && basic && b.Info()&types.IsString != 0 {
			return
		}
		if !ok {
			e.skip(n.OpPos)
			return
		}
		id := e.add(n.OpPos, op.String()+" to "+other[op].String())
		if op == token.REM {
			c.Replace(call("Rem", t, id, n.X, n.Y))
			return
		}
		c.Replace(call("Arith", t, id, char(op), char(other[op]), n.X, n.Y))
	}
}

// number returns the basic type of numbers that x, or y where x is a constant without one, has.
func (e *editor) number(x, y ast.Expr) (string, bool) {
	for _, v := range []ast.Expr{x, y} {
		b, ok := e.info.TypeOf(v).(*types.Basic)
		if !ok || b.Info()&(types.IsInteger|types.IsFloat) == 0 {
			return "", false
		}
		if b.Info()&types.IsUntyped == 0 {
			return b.Name(), true
		}
	}
	return "", false
}

func (e *editor) add(at token.Pos, change string) ast.Expr {
	p := e.set.Position(at)
	m := &mutant{id: len(e.all) + 1, file: filepath.Base(p.Filename), line: p.Line, column: p.Column, change: change}
	e.all = append(e.all, m)
	return &ast.BasicLit{Kind: token.INT, Value: strconv.Itoa(m.id)}
}

func (e *editor) skip(at token.Pos) {
	p := e.set.Position(at)
	log.Printf("left out, its type is not a plain number: %s:%d:%d", filepath.Base(p.Filename), p.Line, p.Column)
}

func char(op token.Token) ast.Expr {
	return &ast.BasicLit{Kind: token.CHAR, Value: "'" + op.String() + "'"}
}

func call(f, typ string, args ...ast.Expr) ast.Expr {
	var fun ast.Expr = &ast.SelectorExpr{X: ast.NewIdent("switches"), Sel: ast.NewIdent(f)}
	if typ != "" {
		fun = &ast.IndexExpr{X: fun, Index: ast.NewIdent(typ)}
	}
	return &ast.CallExpr{Fun: fun, Args: args}
}
