# The functions that need numbers: import_data, monitor_drift, fit_shared, train_predictor, forecast, export, update_athena;
# and pull_kafka, which writes Parquet.
# What changes least comes first: an edit of a step or a handler builds again in seconds.
FROM public.ecr.aws/lambda/python:3.12
RUN dnf install -y libgomp && dnf clean all # LightGBM's wheel does not bring it
WORKDIR ${LAMBDA_TASK_ROOT}

ARG EXTRAS="" # "neural keras prophet tune": optional algorithms and tuning, DockerBuildArgs in template.yaml
COPY pyproject.toml constraints.txt /tmp/
RUN python -c 'import tomllib; project = tomllib.load(open("/tmp/pyproject.toml", "rb"))["project"]; \
      extras = project["optional-dependencies"]; \
      wanted = ["engine", "athena", *"'"$EXTRAS"'".split()]; \
      print(*project["dependencies"], *(line for name in wanted for line in extras[name]), sep="\n")' > /tmp/requirements.txt \
 && pip install --no-cache-dir --constraint /tmp/constraints.txt --requirement /tmp/requirements.txt

# Kernels are compiled here, for any x86-64 that Lambda has: docs/decisions/0005. At run time the code is read-only.
ENV NUMBA_CPU_NAME=generic NUMBA_CPU_FEATURES=+avx2,+fma
COPY src/stepcast/__init__.py ./stepcast/
COPY src/stepcast/engine ./stepcast/engine
RUN python -m stepcast.engine.auto
ENV NUMBA_CACHE_DIR=/tmp/kernels NUMBA_CACHE_LOCATOR_CLASSES=stepcast.engine.auto.kernel_cache.SeededCache

COPY src/stepcast/pipeline ./stepcast/pipeline
COPY src/stepcast/console/*.py src/stepcast/console/report.css ./stepcast/console/
COPY src/stepcast/connect/*.py ./stepcast/connect/
COPY src/stepcast/connect/kafka ./stepcast/connect/kafka
COPY src/stepcast/connect/keras ./stepcast/connect/keras
COPY functions ./functions
RUN python -m compileall -q --invalidation-mode unchecked-hash stepcast functions # else each cold start does it
# Each function names its own handler: ImageConfig.Command in template.yaml.
