"""A graph of ONNX operators that grows node by node."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["Graph"]

# What runtimes of recent years all have; later ones change nothing here.
OPSET, ML_OPSET, IR_VERSION = 17, 3, 8
ML = "ai.onnx.ml"


class Graph:
    """Values are named by the texts that ``constant`` and ``add`` return."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._tensors: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def constant(self, value: "NDArray[Any] | np.integer[Any] | float") -> str:
        """The same array twice is kept once."""
        array = np.asarray(value)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self._tensor(f"constant_{len(self._constants)}", array)
        return self._constants[key]

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """A node of one output."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        node = helper.make_node(operator, inputs, [name], name=name, domain=domain, **attributes)
        self._nodes.append(node)
        return name

    def input(self, name: str, kind: Any, shape: list[str | int], meaning: str) -> str:
        value = helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape)
        value.doc_string = meaning
        self._inputs.append(value)
        return name

    def optional(self, name: str, default: NDArray[Any], meaning: str) -> str:
        """An input that counts as ``default`` where it is left out."""
        self.input(name, default.dtype, list(default.shape), meaning)
        return self._tensor(name, default)

    def output(self, name: str, value: str, shape: list[str | int], meaning: str) -> None:
        """``value`` in double precision, under another name."""
        self._nodes.append(helper.make_node("Identity", [value], [name], name=f"output_{name}"))
        described = helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, shape)
        described.doc_string = meaning
        self._outputs.append(described)

    def model(self, name: str, text: str, version: str, properties: dict[str, str]) -> bytes:
        """The file; the same graph gives the same bytes. Raises onnx.checker.ValidationError."""
        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, self._tensors, doc_string=text
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        made = helper.make_model(
            graph, producer_name="Stepcast", producer_version=version, opset_imports=opsets
        )
        made.ir_version = IR_VERSION
        helper.set_model_props(made, properties)
        onnx.checker.check_model(made, full_check=True)
        content: bytes = made.SerializeToString(deterministic=True)
        return content

    def _tensor(self, name: str, array: NDArray[Any]) -> str:
        self._tensors.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name
