package eval

import (
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// Cache returns a data set whose pictures, or the frames of whose films, are what Views of that side see of them, kept in memory up to limit bytes as they are
// read. Name, fingerprint and truth are the data set's; a truth in pixels stays in those of the native pictures.
func Cache(d *data.Dataset, side int, limit int64) *data.Dataset {
	if d.Images == nil {
		return cacheFilms(d, side, limit)
	}
	if c, ok := d.Images.(cached); ok && c.side == side {
		return d
	}
	out := *d
	out.Images = cached{data.NewPictures(d.Images, data.PlainView(side), data.Norm{}, limit), side}
	return &out
}

// Whole returns the pictures that Cache keeps the middles of, as they are; other images as given.
func Whole(images data.Images) data.Images {
	if c, ok := images.(cached); ok {
		return c.views.Images
	}
	return images
}

// cached are views that are kept.
type cached struct {
	views *data.Pictures
	side  int
}

func (c cached) Len() int                         { return c.views.Images.Len() }
func (c cached) Describe(i int) string            { return c.views.Images.Describe(i) }
func (c cached) Image(i int) (*data.Image, error) { return c.views.Image(i, (*tensor.RNG)(nil)) }

// Hash is the source's own, or of the view, which is kept.
func (c cached) Hash(i int) (data.Hash, error) {
	if h, ok := c.views.Images.(data.Hashed); ok {
		return h.Hash(i)
	}
	return data.ContentHash(struct{ data.Images }{c}, i)
}

func cacheFilms(d *data.Dataset, side int, limit int64) *data.Dataset {
	if d.Clips == nil {
		return d
	}
	if c, ok := d.Clips.(cachedFilms); ok && c.side == side {
		return d
	}
	out := *d
	out.Clips = cachedFilms{data.NewFilms(d.Clips, data.PlainView(side), data.Norm{}, limit), side}
	return &out
}

// cachedFilms are films whose frames are kept.
type cachedFilms struct {
	views *data.Films
	side  int
}

func (c cachedFilms) Len() int                       { return c.views.Len() }
func (c cachedFilms) Describe(i int) string          { return c.views.Describe(i) }
func (c cachedFilms) Times(i int) ([]float64, error) { return c.views.Times(i) }
func (c cachedFilms) Hash(i int) (data.Hash, error)  { return data.ContentHash(c.views.Clips, i) }
func (c cachedFilms) Clip(i int, frames []int, each func(k int, im *data.Image) error) error {
	ims, err := c.views.Images(i, frames, nil)
	for k, im := range ims {
		if err == nil {
			err = each(k, im)
		}
	}
	return err
}

// cacheFor keeps pictures when several encoders look at them and all in the same way.
func cacheFor(encoders []Encoder, d *data.Dataset, o Options) *data.Dataset {
	side := 0
	for _, e := range encoders {
		var in Input
		switch e := e.(type) {
		case *TrunkEncoder:
			in = e.Input
		case Pixels:
			in = e.Input
		case *Array:
			continue
		default: // nobody knows what it looks at
			return d
		}
		p, ok := in.(Views)
		if !ok || side != 0 && side != p.Side {
			return d
		}
		side = p.Side
	}
	if side == 0 || len(encoders) < 2 || o.CacheBytes < 0 {
		return d
	}
	limit := o.CacheBytes
	if limit == 0 {
		limit = 2 << 30
	}
	return Cache(d, side, limit/2)
}
