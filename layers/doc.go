// Package layers composes autograd ops into modules with named parameters, and the trunks of the field: residual
// networks, AlexNet, VGG, network in network, vision transformers, and a small ConvNet, each as stages whose features can be read at every
// depth. It knows no task and no file.
//
// A parameter has the name that torchvision gives it (layer1.0.conv1.weight), of vision transformers the one that timm does, so that state dictionaries go both ways.
// Start with layers.go, then resnet.go.
package layers
