# The functions that need numbers: import_data, train_predictor, forecast, export, update_athena.
FROM public.ecr.aws/lambda/python:3.12
WORKDIR ${LAMBDA_TASK_ROOT}
COPY pyproject.toml README.md LICENSE constraints.txt template.yaml params.json ./
COPY statemachine ./statemachine
COPY events ./events
COPY functions ./functions
COPY src ./src
RUN pip install --no-cache-dir --constraint constraints.txt '.[engine,athena]' && rm -rf src
# Each function names its own handler: ImageConfig.Command in template.yaml.
