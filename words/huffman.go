package words

import "slices"

// tree is a Huffman tree over a vocabulary (Huffman 1952): frequent words lie near its root. Its inner nodes are numbered from 0 on, the root last.
type tree struct {
	nodes []int32   // of each word: the inner nodes from the root to the word
	want  []float32 // at each of them 1 where the way goes on as 0, 0 where it goes on as 1: the C tool predicts 1 - code
	ends  []int
}

// path returns the nodes of a word.
func (t *tree) path(word int32) []int32 { return t.nodes[t.start(word):t.ends[word]] }

// wants returns what the nodes of a word are to predict.
func (t *tree) wants(word int32) []float32 { return t.want[t.start(word):t.ends[word]] }

func (t *tree) start(word int32) int {
	if word == 0 {
		return 0
	}
	return t.ends[word-1]
}

// newTree makes the tree of counts that fall, as the C tool does: the two smallest of leaves and inner nodes are joined again and again, the second of
// them being the way 1; of equal counts an inner node is smaller.
func newTree(counts []int64) *tree {
	n := len(counts)
	t := &tree{ends: make([]int, n)}
	if n < 2 {
		return t
	}
	sums, parent, way := make([]int64, n-1), make([]int32, 2*n-2), make([]uint8, 2*n-2)
	leaf, inner := n-1, 0 // the next smallest leaf and inner node
	for node := range n - 1 {
		for k := range uint8(2) {
			var least int
			if leaf >= 0 && (inner >= node || counts[leaf] < sums[inner]) {
				least = leaf
				leaf--
			} else {
				least = n + inner
				inner++
			}
			if least < n {
				sums[node] += counts[least]
			} else {
				sums[node] += sums[least-n]
			}
			parent[least], way[least] = int32(node), k
		}
	}
	for w := range n {
		from := len(t.nodes)
		for at := w; at != 2*n-2; at = n + int(parent[at]) {
			t.nodes, t.want = append(t.nodes, parent[at]), append(t.want, float32(1-way[at]))
		}
		slices.Reverse(t.nodes[from:])
		slices.Reverse(t.want[from:])
		t.ends[w] = len(t.nodes)
	}
	return t
}
