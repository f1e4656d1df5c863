# The Python environment of the job ForecastOnEmrServerless, as environment.tar.gz: `make emr-environment`.
# EMR's release has the same system, and the same Python at the same place.
FROM --platform=linux/amd64 public.ecr.aws/amazonlinux/amazonlinux:2023 AS build
RUN dnf install -y python3.11 libgomp && dnf clean all
RUN python3.11 -m venv /opt/environment
ENV PATH=/opt/environment/bin:$PATH
WORKDIR /opt/source

ARG EXTRAS="" # "neural keras prophet tune": optional algorithms
COPY pyproject.toml constraints.txt README.md LICENSE template.yaml params.json ./
RUN python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
      extras = project["optional-dependencies"]; \
      wanted = ["engine", *"'"$EXTRAS"'".split()]; \
      print(*project["dependencies"], *(line for name in wanted for line in extras[name]), sep="\n")' > requirements.txt \
 && pip install --no-cache-dir --constraint constraints.txt --requirement requirements.txt venv-pack

COPY statemachine ./statemachine
COPY functions ./functions
COPY events ./events
COPY src ./src
RUN pip install --no-cache-dir --no-deps .
# LightGBM's wheel does not bring it, and EMR's image may not have it.
RUN cp /usr/lib64/libgomp.so.1 /opt/environment/lib/python3.11/site-packages/lightgbm/lib/
# Kernels are compiled for any x86-64 that EMR has (docs/decisions/0005). Whole seconds survive the archive: numba compares them.
ENV NUMBA_CPU_NAME=generic NUMBA_CPU_FEATURES=+avx2,+fma
RUN find /opt/environment -name '*.py' -exec touch -d 2020-01-01 {} + && python -m stepcast.engine.auto
RUN venv-pack -o /environment.tar.gz

FROM scratch
COPY --from=build /environment.tar.gz /
