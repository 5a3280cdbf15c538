package pretext

import (
	"context"
	"errors"
	"fmt"
	"image"
	"iter"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/kmeans"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// DeepCluster hides into which cluster the net's own features put a picture (Caron, Bojanowski, Joulin, Douze, "Deep clustering for unsupervised learning of
// visual features", ECCV 2018, arXiv 1807.05520).
//
// Before an epoch's first update, where epochs are short before that of some, the features of all pictures, as plainly as they are evaluated, are whitened along their principal components, made unit
// length and divided by k-means (its section 3.2 and "implementation details"); the clusters are the epoch's classes. A class says nothing from one epoch to the next, so that
// the classifier, a linear layer, begins anew with them, and what its optimiser kept is forgotten.
//
// Trivial answers (its section 3.3): all pictures in one cluster is what a net would be rewarded for. A cluster without pictures therefore gets half of the largest one, and an epoch
// draws equally many views of each cluster: of a small one the same pictures again, in other views. Sobel filters before the trunk, which the paper has against clusters of
// colours, are the trunk's: --trunk 'alexnet?sobel=yes'. It is judged with them, too.
//
// Loss: cross-entropy (equation 1). Metrics: accuracy, beside that of always answering the largest cluster; of pictures that are not trained on the right answer is the
// nearest centre by the features that the net has now. nmi compares the clusters with those before them (its figure 2b), 1 where nothing has changed; empty is how many had no pictures before
// the largest were divided.
type DeepCluster struct {
	Clusters int // 0: one for perCluster pictures, but at least 2 and at most mostClusters
	Dims     int // principal components at most, at least 1; no more than one to ten pictures are used
	Rounds   int // of k-means, at least 1
	Every    int // epochs after which clusters are made again; 0: those of leastUpdates at least
}

const (
	perCluster   = 50    // the paper has 128 of ImageNet's
	mostClusters = 10000 // the paper's best
	leastUpdates = 100   // a classifier that begins anew more often says nothing before it ends; the paper has 5000
	perDim       = 10    // pictures to a principal component at least: whitened along as many as there are pictures, all would be equally far from each other
)

var deepClusterAbout = About{
	Line: "predict the cluster that the net's own features put a picture in (DeepCluster, Caron et al. 2018)",
	Of:   "pictures", Hidden: "the cluster of the whole picture, by the epoch's first features",
	Trivial:  "largest cluster: as many pictures as it has",
	Collapse: "a lower --lr, fewer clusters=, clusters made anew less often (every=)",
	Shortcut: "one cluster for all pictures, which drawing equally from all is against; colours, by which clusters are made too",
	Options: []spec.Option{
		{Name: "clusters", Default: "0", About: "how many (ImageNet: 10000); 0: one for 50 pictures, from 2 to 10000"},
		{Name: "dims", Default: "256", About: "principal components that clusters are made by, at most; no more than one to ten pictures"},
		{Name: "rounds", Default: "20", About: "of k-means"},
		{Name: "every", Default: "0", About: "after how many epochs clusters are made again (paper: 1); 0: as many as have 100 updates"},
	},
	OwnEpochs: true,
	Narrows:   true,
	Config: func(c *train.Config) {
		c.Optimizer, c.LR, c.Momentum, c.WeightDecay, c.Augment = "sgd", 0.05, 0.9, 1e-5, "resized-crop"
	},
	make: func(v Values) Task {
		n := v.Int("clusters", 0, 1<<20)
		if n == 1 {
			v.Fail("option clusters=1: one cluster of all pictures says nothing; want 2 or more, or 0")
		}
		return DeepCluster{Clusters: n, Dims: v.Int("dims", 1, 1<<14), Rounds: v.Int("rounds", 1, 1000), Every: v.Int("every", 0, 1<<20)}
	},
}

// Learner returns the trunk with its classifier, and the clusters, which are none yet.
func (c DeepCluster) Learner(s Setup) (train.Learner, error) {
	if c.Clusters < 0 || c.Clusters == 1 || c.Dims < 1 || c.Rounds < 1 || c.Every < 0 {
		return nil, fmt.Errorf("task deepcluster of %+v: want Clusters 0 or 2 and more, Dims and Rounds >= 1, Every not below 0; pretext.New(\"deepcluster\") has them", c)
	}
	l := &deepcluster{task: c, setup: s, seed: s.RNG.Derive(stream.Clusters).Uint64()}
	if err := l.size(s); err != nil {
		return nil, err
	}
	width := s.Trunk.Channels()
	dims := min(c.Dims, width, max(1, l.pictures/perDim))
	if centres := s.kept("centres"); s.Inputs.Images == nil && centres != nil {
		dims = centres.Dim(-1)
	}
	l.classifier = layers.NewLinear(s.RNG, width, l.clusters, layers.LinearOptions{})
	l.begun = tensor.From([]float32{-1, 0, -1}, 3)
	l.mean, l.axes, l.centres = tensor.New(width), tensor.New(width, dims), tensor.New(l.clusters, dims)
	kept := func(name string, t *tensor.Tensor) layers.Part {
		return layers.Part{Name: name, Stateful: layers.Value{Kind: layers.Setting, Value: t}}
	}
	l.Parts = layers.Parts{{Name: "trunk", Stateful: s.Trunk}, {Name: "classifier", Stateful: l.classifier}, kept("labels", l.labels), kept("centres", l.centres),
		kept("mean", l.mean), kept("axes", l.axes), kept("begun", l.begun)}
	return l, nil
}

// size finds how many pictures and clusters there are: of what will be learned from, or as a loaded run keeps it.
func (l *deepcluster) size(s Setup) error {
	labels, centres := s.kept("labels"), s.kept("centres")
	if s.Inputs.Images == nil && labels != nil && centres != nil && len(centres.Shape) == 2 {
		l.pictures, l.clusters = labels.Len(), centres.Dim(0)
		l.labels = tensor.New(l.pictures)
		return nil
	}
	images, err := wantImages("deepcluster", s.Inputs)
	if err != nil {
		return err
	}
	l.pictures, l.clusters = images.Len(), l.task.Clusters
	if l.clusters == 0 {
		l.clusters = min(max(2, l.pictures/perCluster), mostClusters)
	}
	if l.pictures < 2 {
		return fmt.Errorf("task deepcluster divides pictures: the data has %d, want at least 2", l.pictures)
	}
	if l.clusters > l.pictures {
		return fmt.Errorf("task deepcluster: %d pictures cannot be divided into %d clusters; deepcluster?clusters=0 makes one for %d pictures", l.pictures, l.clusters, perCluster)
	}
	l.labels = tensor.New(l.pictures)
	return nil
}

type deepcluster struct {
	task       DeepCluster
	setup      Setup
	seed       uint64
	pictures   int // that are trained on
	clusters   int
	classifier *layers.Linear
	labels     *tensor.Tensor // [N], the cluster of each picture; -1 of one that could not be read
	mean, axes *tensor.Tensor // [D], [D E], what whitens features
	centres    *tensor.Tensor // [K E]
	begun      *tensor.Tensor // [3]: for which epoch clusters were made, -1 for none; how many were empty; nmi, -1 where there were none before
	layers.Parts
}

func (l *deepcluster) Groups() []train.Group {
	return []train.Group{{Name: "trunk", Params: layers.Params(l.Parts[:1])}, {Name: "classifier", Params: layers.Params(l.Parts[1:2])}}
}

func (l *deepcluster) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(),
		{Name: "accuracy", Unit: metric.Percent, Higher: true, Predictor: "largest cluster", Versus: "largest"},
		{Name: "largest", Unit: metric.Percent},
		{Name: "nmi", Higher: true, OnlyTrained: true},
		{Name: "empty", Unit: "clusters", OnlyTrained: true}}
}

// clustered is a batch.
type clustered struct {
	X      *tensor.Tensor // [N S S 3]
	Labels []int32        // [N], clusters; nil of pictures that are not trained on
	read   []bool         // [N], which rows are filled
}

// clusteredMaker makes views.
type clusteredMaker struct {
	*deepcluster
	images *data.Pictures
	draws  []int32 // which picture each sample of an epoch is; nil where it is the picture of its number
}

func (m *clusteredMaker) New(n int) *clustered {
	b := &clustered{X: tensor.New(n, m.images.Side, m.images.Side, 3), read: make([]bool, n)}
	if m.draws != nil {
		b.Labels = make([]int32, n)
	}
	return b
}

func (m *clusteredMaker) Fill(b *clustered, row, i int, rng *tensor.RNG) error {
	b.read[row] = false
	if m.draws != nil {
		i = int(m.draws[i])
		b.Labels[row] = int32(m.labels.Data[i])
	}
	err := m.images.Fill(b.X.Rows(row, row+1).Data, i, rng)
	b.read[row] = err == nil
	return err
}

// Feed returns views of the clusters, equally many of each, or, where nothing is trained, of all pictures.
func (l *deepcluster) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	images, err := l.setup.Pictures("deepcluster", in, augment)
	if err != nil {
		return nil, err
	}
	n := in.Images.Len()
	m := &clusteredMaker{deepcluster: l, images: images}
	if !augment {
		return train.NewFeed(n, m, o, l.step), nil
	}
	if n != l.pictures {
		return nil, fmt.Errorf("task deepcluster: the clusters are of %d pictures; these are %d", l.pictures, n)
	}
	m.draws = make([]int32, n)
	feed := train.NewFeed(n, m, o, l.step)
	steps, batches, bad := feed.Epoch, feed.Batches, feed.Bad
	feed.Epoch = func(epoch, from int) iter.Seq[func(train.Step)] {
		return func(yield func(func(train.Step)) bool) {
			l.draw(m.draws, epoch)
			steps(epoch, from)(yield)
		}
	}
	feed.Batches = func(epoch, from int) iter.Seq[any] {
		return func(yield func(any) bool) {
			l.draw(m.draws, epoch)
			batches(epoch, from)(yield)
		}
	}
	plain, err := l.setup.Pictures("deepcluster", in, false)
	if err != nil {
		return nil, err
	}
	all := data.NewLoader(n, &clusteredMaker{deepcluster: l, images: plain}, data.LoaderOptions{BatchSize: o.BatchSize, Seed: o.Seed, Ordered: true, KeepLast: true, Workers: o.Workers, MaxBad: o.MaxBad, Bad: o.Bad})
	every := l.task.Every
	if updates := max(1, feed.Steps/max(o.Update, 1)); every == 0 {
		every = (leastUpdates + updates - 1) / updates
	}
	feed.Begin = func(ctx context.Context, epoch int) ([]string, error) {
		if epoch%every != 0 && l.begun.Data[0] >= 0 {
			return nil, nil
		}
		return l.begin(ctx, all, epoch)
	}
	feed.Bad = func() int { return all.BadCount() + bad() }
	return feed, nil
}

// draw sets which pictures an epoch shows: of each cluster equally many, in an order of its own, over and over.
func (l *deepcluster) draw(draws []int32, epoch int) {
	members := make([][]int32, l.clusters)
	for i, c := range l.labels.Data {
		if c >= 0 {
			members[int(c)] = append(members[int(c)], int32(i))
		}
	}
	members = slices.DeleteFunc(members, func(of []int32) bool { return len(of) == 0 })
	rng := tensor.NewRNG(l.seed).Derive(uint64(epoch), stream.ClusterDraws)
	at := 0
	for c, of := range members {
		for end := len(draws) * (c + 1) / len(members); at < end; {
			for _, k := range rng.Perm(len(of))[:min(len(of), end-at)] {
				draws[at] = of[k]
				at++
			}
		}
	}
}

// begin makes clusters for an epoch, and the classifier anew.
func (l *deepcluster) begin(ctx context.Context, all *data.Loader[clustered], epoch int) (anew []string, err error) {
	before := int(l.begun.Data[0])
	if before == epoch {
		return nil, nil
	}
	features, of, err := l.features(ctx, all)
	if err != nil {
		return nil, err
	}
	if len(of) < l.clusters {
		return nil, fmt.Errorf("task deepcluster: only %d of %d pictures can be read, fewer than %d clusters", len(of), l.pictures, l.clusters)
	}
	mean, axes := tensor.New(l.mean.Shape...), tensor.New(l.axes.Shape...)
	if err := whiten(features, mean, axes); err != nil {
		return nil, fmt.Errorf("task deepcluster: %w", err)
	}
	y := whitened(features, mean, axes)
	if msg := divides(len(of), l.clusters); before < 0 && l.setup.Say != nil && msg != "" {
		l.setup.Say(msg)
	}
	rng := tensor.NewRNG(l.seed).Derive(uint64(epoch))
	best, _ := kmeans.Fit(y, l.clusters, kmeans.Options{Restarts: 1, Rounds: l.task.Rounds, Stop: func() bool { return ctx.Err() != nil }}, rng.Derive(stream.ClusterCentres))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	empty := divideLargest(y, best.Of, l.clusters)
	if empty > 0 && l.setup.Say != nil {
		l.setup.Say(fmt.Sprintf("task deepcluster: before epoch %d %d of %d clusters had no pictures, and got half of the largest each; fewer clusters fit", epoch+1, empty, l.clusters))
	}
	copy(l.mean.Data, mean.Data)
	copy(l.axes.Data, axes.Data)
	l.begun.Data[0], l.begun.Data[1], l.begun.Data[2] = float32(epoch), float32(empty), -1
	if before >= 0 {
		l.begun.Data[2] = float32(l.stability(best.Of, of))
	}
	l.labels.Fill(-1)
	for k, i := range of {
		l.labels.Data[i] = float32(best.Of[k])
	}
	clusterMeans(l.centres, y, best.Of)
	rng.Derive(stream.ClusterClasses).FillNormal(l.classifier.W, 0, 0.01)
	l.classifier.B.Fill(0)
	tensor.Changed()
	return []string{"classifier"}, nil
}

// divides says of so many pictures and clusters that it takes more than a moment to divide them, which is done before the first update, and where clusters are too
// small to say much.
func divides(pictures, clusters int) string {
	var says []string
	if pictures*clusters > 1e7 {
		says = append(says, fmt.Sprintf("dividing %d pictures into %d clusters, before the first update and from time to time again", pictures, clusters))
	}
	if pictures < perCluster/10*clusters {
		k := max(2, pictures/perCluster)
		says = append(says, fmt.Sprintf("%d pictures in %d clusters are few in each, so that clusters say little: clusters=%d has %d", pictures, clusters, k, pictures/k))
	}
	if len(says) == 0 {
		return ""
	}
	return "task deepcluster: " + strings.Join(says, "; ")
}

// stability returns the normalised mutual information of new clusters with those before, of pictures of that are in both.
func (l *deepcluster) stability(clusters, of []int) float64 {
	var a, b []int
	for k, i := range of {
		if was := l.labels.Data[i]; was >= 0 {
			a, b = append(a, clusters[k]), append(b, int(was))
		}
	}
	if len(a) == 0 {
		return 0
	}
	return metric.Agree(a, b).NMI()
}

// features returns those of all pictures that can be read, [M D], and which these are.
func (l *deepcluster) features(ctx context.Context, all *data.Loader[clustered]) (x *tensor.Tensor, of []int, err error) {
	d, at := l.setup.Trunk.Channels(), 0
	x = tensor.New(l.pictures, d)
	t := autograd.NewInference()
	for b := range all.Epoch(0, 0) {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		z := l.pooled(t.Input(b.X)).Value
		for row, ok := range b.read {
			if ok {
				copy(x.Data[len(of)*d:], z.Data[row*d:(row+1)*d])
				of = append(of, at+row)
			}
		}
		at += len(b.read)
		t.Reset()
	}
	return x.Rows(0, len(of)), of, all.Err()
}

// pooled returns the trunk's features, [N D].
func (l *deepcluster) pooled(x *autograd.Var) *autograd.Var {
	return layers.Pooled(within("trunk", l.setup.Trunk, x))
}

// whiten sets mean [D] and axes [D E] to what makes features x [N D] have E values without correlation and of deviation 1: their first principal
// components, each divided by its deviation. A component that is next to nothing beside the first, as rounding makes them, is 0 for all.
func whiten(x, mean, axes *tensor.Tensor) error {
	n, d, e := x.Dim(0), x.Dim(1), axes.Dim(1)
	tensor.BatchStats(mean.Data, make([]float32, d), x)
	covariance := mat.NewSymDense(d, nil)
	const piece = 1024 // rows whose products are summed in float32
	sum, centred := tensor.New(d, d), tensor.New(min(piece, n), d)
	for lo := 0; lo < n; lo += piece {
		rows := centred.Rows(0, min(n-lo, piece))
		for i := range rows.Data {
			rows.Data[i] = x.Data[lo*d+i] - mean.Data[i%d]
		}
		tensor.MatMulTN(sum, rows, rows, false, tensor.Float32)
		for i := range d {
			for j := i; j < d; j++ {
				covariance.SetSym(i, j, covariance.At(i, j)+float64(sum.Data[i*d+j])/float64(n))
			}
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(covariance, true) {
		return errors.New("the principal components of the features were not found")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	values := eigen.Values(nil) // rising
	axes.Fill(0)
	for k := range e {
		at := d - 1 - k
		if values[at] <= 1e-6*values[d-1] {
			break
		}
		for i := range d {
			axes.Data[i*e+k] = float32(vectors.At(i, at) / math.Sqrt(values[at]))
		}
	}
	return nil
}

// seen returns features [N D] as clusters are made by them: whitened, rows of unit length, [N E].
func (l *deepcluster) seen(features *tensor.Tensor) *tensor.Tensor {
	return whitened(features, l.mean, l.axes)
}

// whitened returns features [N D] as mean and axes, which whiten sets, have them, rows of unit length, [N E].
func whitened(features, mean, axes *tensor.Tensor) *tensor.Tensor {
	d := features.Dim(1)
	centred := features.Clone()
	for i := range centred.Data {
		centred.Data[i] -= mean.Data[i%d]
	}
	y := tensor.New(features.Dim(0), axes.Dim(1))
	tensor.MatMul(y, centred, axes, tensor.Float32)
	return unitRows(y)
}

// nearest returns the cluster whose centre is nearest to features [N D], for each.
func (l *deepcluster) nearest(features *tensor.Tensor) []int32 {
	table := l.nearness(features)
	out := make([]int32, table.Dim(0))
	for i, best := range tensor.ArgMax(table) {
		out[i] = int32(best)
	}
	return out
}

// nearness returns how near features [N D] are to the centres, [N K]: of what is seen of them, y, of unit length, y·c - |c|²/2, which falls as the
// distance rises.
func (l *deepcluster) nearness(features *tensor.Tensor) *tensor.Tensor {
	y := l.seen(features)
	table := tensor.New(y.Dim(0), l.clusters)
	similar(table, y, l.centres)
	for c := range l.clusters {
		half := float32(tensor.SumSquares(l.centres.Rows(c, c+1)) / 2)
		for i := range y.Dim(0) {
			table.Data[i*l.clusters+c] -= half
		}
	}
	return table
}

// divideLargest gives each of k clusters of points y [N E] that has none half of the largest one, and returns how many had none. Halves are nearest to two of its
// points that are far apart; where all are the same, the first and the last half.
func divideLargest(y *tensor.Tensor, of []int, k int) (empty int) {
	members := make([][]int, k)
	for i, c := range of {
		members[c] = append(members[c], i)
	}
	e := y.Dim(1)
	for c := range k {
		if len(members[c]) > 0 {
			continue
		}
		empty++
		largest := 0
		for j, m := range members {
			if len(m) > len(members[largest]) {
				largest = j
			}
		}
		all := members[largest]
		if len(all) < 2 {
			continue
		}
		points := tensor.New(len(all), e)
		for r, i := range all {
			copy(points.Data[r*e:(r+1)*e], y.Data[i*e:(i+1)*e])
		}
		halves := kmeans.Lloyd(points, kmeans.Farthest(points, 2, 0), 20).Of
		if !slices.Contains(halves, 0) || !slices.Contains(halves, 1) {
			for r := range halves {
				halves[r] = min(1, r/(len(all)/2))
			}
		}
		members[largest] = nil
		for r, i := range all {
			to := largest
			if halves[r] == 1 {
				to = c
			}
			of[i], members[to] = to, append(members[to], i)
		}
	}
	return empty
}

// clusterMeans sets centres [K E] to the means of their points; those without any are 0.
func clusterMeans(centres, y *tensor.Tensor, of []int) {
	e := y.Dim(1)
	sums, size := make([]float64, centres.Len()), make([]float64, centres.Dim(0))
	for i, c := range of {
		size[c]++
		for j, v := range y.Data[i*e : (i+1)*e] {
			sums[c*e+j] += float64(v)
		}
	}
	for i, v := range sums {
		centres.Data[i] = float32(v / max(1, size[i/e]))
	}
}

func (l *deepcluster) step(s train.Step, b *clustered) {
	named := l.begun.Data[0] >= 0
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z := l.pooled(t.Input(b.X))
		logits := within("classifier", l.classifier, z)
		labels := b.Labels
		if labels == nil {
			labels = make([]int32, z.Shape()[0])
			if named {
				labels = l.nearest(z.Value)
			}
		}
		if named {
			n := float64(len(labels))
			s.Metric("accuracy", float64(tensor.CountRight(logits.Value, labels)), n)
			s.Metric("largest", float64(howMany(labels, l.largest())), n)
		}
		return autograd.CrossEntropy(logits, labels)
	})
	if b.Labels != nil && named {
		s.Metric("empty", float64(l.begun.Data[1]), 1)
		if nmi := l.begun.Data[2]; nmi >= 0 {
			s.Metric("nmi", float64(nmi), 1)
		}
	}
}

// largest returns the cluster that most pictures are in.
func (l *deepcluster) largest() int32 {
	size := make([]int, l.clusters)
	for _, c := range l.labels.Data {
		if c >= 0 {
			size[int(c)]++
		}
	}
	return int32(slices.Index(size, slices.Max(size)))
}

// howMany returns how many labels are one.
func howMany(labels []int32, one int32) (n int) {
	for _, v := range labels {
		if v == one {
			n++
		}
	}
	return n
}

// Draw shows a row for each picture: itself, and others of its cluster, by the features that the net has now, nearest to the centre first. A frame is green where the classifier says so too.
func (l *deepcluster) Draw(in data.Inputs, index []int) (image.Image, error) {
	images, err := l.setup.Pictures("deepcluster", in, false)
	if err != nil {
		return nil, err
	}
	b, err := gallery(&clusteredMaker{deepcluster: l, images: images}, index, in.Images.Len())
	if err != nil {
		return nil, err
	}
	z := l.pooled(autograd.NewInference().Input(b.X))
	of, table := l.nearest(z.Value), l.nearness(z.Value)
	answers := tensor.ArgMax(l.classifier.Forward(z).Value)
	const label = canvas.TextHeight + 4
	g := canvas.Grid{Cols: 2 + viewsShown, CellW: 96, CellH: 96 + label, Gap: 10, Head: label}
	sheet := g.Sheet(len(index) * g.Cols)
	x, _ := g.At(0)
	sheet.Text(x, 6, g.CellW, "a picture", canvas.Ink)
	x, _ = g.At(1)
	sheet.Text(x, 6, g.Cols*g.CellW, fmt.Sprintf("others of %d in its cluster, nearest to the centre first; green: so says the classifier", len(of)), canvas.Ink)
	show := func(row, col, i int, text string) {
		x, y := g.At(row*g.Cols + col)
		sheet.Text(x, y, g.CellW, text, canvas.Ink)
		sheet.Frame(x-3, y+label-3, g.CellW+6, g.CellW+6, answers[i] == int(of[i]))
		im := l.setup.Norm.ToImage(b.X.Rows(i, i+1).Data, images.Side, images.Side)
		sheet.Fit(x, y+label, g.CellW, g.CellW, im.Pix, im.H, im.W)
	}
	for row := range index {
		var others []int
		for i, c := range of {
			if i != row && c == of[row] {
				others = append(others, i)
			}
		}
		slices.SortStableFunc(others, func(i, j int) int {
			switch a, b := table.At(i, int(of[i])), table.At(j, int(of[j])); {
			case a > b:
				return -1
			case a < b:
				return 1
			}
			return 0
		})
		show(row, 0, row, fmt.Sprintf("%d: %d more", of[row], len(others)))
		for k, i := range others[:min(len(others), 1+viewsShown)] {
			show(row, 1+k, i, "")
		}
	}
	return sheet, nil
}
